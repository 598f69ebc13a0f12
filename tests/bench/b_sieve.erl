%% The array module: a sieve of Eratosthenes.
-module(b_sieve).
-export([main/0]).

main() ->
    N = 500000,
    A = sieve(2, N, array:new(N + 1, {default, true})),
    array:foldl(fun(I, true, {C, S}) when I > 1 -> {C + 1, (S + I) band 16#ffffff}; (_, _, CS) -> CS end, {0, 0}, A).

sieve(P, N, A) when P * P > N -> A;
sieve(P, N, A) ->
    case array:get(P, A) of
        true -> sieve(P + 1, N, strike(P * P, P, N, A));
        false -> sieve(P + 1, N, A)
    end.

strike(I, _, N, A) when I > N -> A;
strike(I, P, N, A) -> strike(I + P, P, N, array:set(I, false, A)).
