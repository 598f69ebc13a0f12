%% List comprehensions: nested generators and filters (Pythagorean triples, primes by trial).
-module(b_listcomp).
-export([main/0]).

main() ->
    T = [{A, B, C} || A <- lists:seq(1, 600), B <- lists:seq(A, 600),
                      C <- lists:seq(B, 600), A * A + B * B =:= C * C],
    P = [N || N <- lists:seq(2, 100000), prime(N, 2)],
    {length(T), lists:sum([A + B + C || {A, B, C} <- T]), length(P), lists:last(P)}.

prime(N, D) when D * D > N -> true;
prime(N, D) when N rem D =:= 0 -> false;
prime(N, D) -> prime(N, D + 1).
