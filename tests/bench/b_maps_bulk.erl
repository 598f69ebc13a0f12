%% Whole-map operations: from_list, map, fold, filter, merge, keys, to_list, iterators.
-module(b_maps_bulk).
-export([main/0]).

main() -> loop(14, 0).

loop(0, Acc) -> Acc;
loop(N, Acc) ->
    A = maps:from_list([{I, I * N} || I <- lists:seq(1, 12000)]),
    B = maps:from_list([{I * 3, I} || I <- lists:seq(1, 8000)]),
    C = maps:merge(A, B),
    D = maps:map(fun(K, V) -> (K + V) band 16#ffff end, C),
    E = maps:filter(fun(_, V) -> V band 1 =:= 0 end, D),
    F = maps:fold(fun(K, V, S) -> (S + (K bxor V)) band 16#ffffff end, 0, E),
    G = lists:sum(maps:keys(E)) + lists:sum(maps:values(E)),
    H = iter(maps:next(maps:iterator(C)), 0),
    I = length(maps:to_list(maps:without(lists:seq(1, 500), C))),
    J = maps:size(maps:merge_with(fun(_, X, Y) -> X + Y end, A, B)),
    loop(N - 1, (Acc * 7 + F + G + H + I + J) rem 1000000007).

iter(none, S) -> S;
iter({K, V, I}, S) -> iter(maps:next(I), (S + K * V) band 16#ffffff).
