%% lists:map/filter/foldl and friends with closures that capture variables.
-module(b_listfuns).
-export([main/0]).

main() -> loop(90, 0).

loop(0, Acc) -> Acc;
loop(N, Acc) ->
    L = lists:seq(1, 20000),
    A = lists:map(fun(X) -> X * N + 1 end, L),
    B = lists:filter(fun(X) -> X band 3 =/= N band 3 end, A),
    C = lists:foldl(fun(X, S) -> (S + X) rem 1000003 end, N, B),
    D = lists:foldr(fun(X, S) -> (S * 3 + X) rem 1000003 end, C, B),
    E = length(lists:zipwith(fun(X, Y) -> {X, Y + N} end, L, A)),
    F = case lists:any(fun(X) -> X =:= -N end, A) of true -> 1; false -> 0 end,
    loop(N - 1, (Acc * 31 + D + E + F) rem 1000000007).
