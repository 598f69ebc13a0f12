%% Closures: composition, currying, continuation passing, funs kept in data; local, exported and anonymous recursion.
-module(b_closures).
-export([main/0, twice/1]).

main() ->
    Fs = [fun(X) -> X + K end || K <- lists:seq(1, 20)] ++ [fun ?MODULE:twice/1, fun half/1],
    All = lists:foldl(fun compose/2, fun(X) -> X end, Fs),
    {apply_n(400000, All, 1), cps(30), y(2500), pipeline(800000, 0)}.

twice(X) -> X * 2.
half(X) -> X div 2.

compose(F, G) -> fun(X) -> F(G(X)) end.

apply_n(0, _, X) -> X;
apply_n(N, F, X) -> apply_n(N - 1, F, F(X) band 16#ffff).

cps(N) -> cps(N, fun(X) -> X end).
cps(N, K) when N < 2 -> K(N);
cps(N, K) -> cps(N - 1, fun(A) -> cps(N - 2, fun(B) -> K(A + B) end) end).

y(0) -> 0;
y(N) ->
    F = fun Loop(0, Acc) -> Acc; Loop(I, Acc) -> Loop(I - 1, (Acc + I * N) band 16#ffff) end,
    (F(5000, 0) + y(N - 1)) band 16#ffffff.

pipeline(0, Acc) -> Acc;
pipeline(N, Acc) ->
    Add = fun(A) -> fun(B) -> A + B end end,
    Mul = fun(A) -> fun(B) -> A * B end end,
    Steps = [Add(N), Mul(3), Add(Acc), fun(X) -> X band 16#fffff end],
    pipeline(N - 1, lists:foldl(fun(F, X) -> F(X) end, 1, Steps)).
