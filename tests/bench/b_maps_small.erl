%% Small (flat) maps: matching, := and => updates, maps:get/put.
-module(b_maps_small).
-export([main/0]).

main() ->
    M = walk(6000000, #{x => 0, y => 0, dir => north, score => 0, lives => 3}),
    {lists:sort(maps:to_list(M)), keys(1500000, #{}, 0)}.

walk(0, M) -> M;
walk(N, #{dir := north, y := Y} = M) -> walk(N - 1, M#{dir := turn(north, N), y := Y + 1});
walk(N, #{dir := south, y := Y} = M) -> walk(N - 1, M#{dir := turn(south, N), y := Y - 1});
walk(N, #{dir := east, x := X, score := S} = M) -> walk(N - 1, M#{dir := turn(east, N), x := X + 1, score := S + N band 7});
walk(N, #{dir := west, x := X} = M) -> walk(N - 1, M#{dir := turn(west, N), x := X - 1, last => N}).

turn(north, N) when N rem 3 =:= 0 -> east;
turn(north, _) -> south;
turn(east, N) when N rem 5 =:= 0 -> west;
turn(east, _) -> north;
turn(south, N) when N rem 7 =:= 0 -> north;
turn(south, _) -> west;
turn(west, _) -> east.

keys(0, M, Acc) -> {map_size(M), Acc};
keys(N, M, Acc) ->
    K = N rem 24,
    V = maps:get(K, M, 0),
    M1 = maps:put(K, V + 1, M),
    M2 = case N rem 11 of 0 -> maps:remove((K * 5) rem 24, M1); _ -> M1 end,
    keys(N - 1, M2, (Acc + V + map_size(M2)) band 16#ffffff).
