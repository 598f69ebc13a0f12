%% Integer arithmetic and bit operations: LCG, xorshift, collatz, gcd.
-module(b_lcg).
-export([main/0]).

main() -> {lcg(5000000, 1, 0), xorshift(3000000, 88172645463), collatz(30000, 0, 0), gcds(600, 600, 0)}.

lcg(0, _, Acc) -> Acc;
lcg(N, S, Acc) ->
    S1 = (S * 1103515245 + 12345) band 16#7fffffff,
    lcg(N - 1, S1, Acc bxor (S1 bsr 8)).

xorshift(0, X) -> X;
xorshift(N, X) ->
    A = (X bxor (X bsl 13)) band 16#ffffffffff,
    B = A bxor (A bsr 7),
    xorshift(N - 1, (B bxor (B bsl 17)) band 16#ffffffffff).

collatz(0, Best, At) -> {Best, At};
collatz(N, Best, At) ->
    case steps(N, 0) of
        S when S > Best -> collatz(N - 1, S, N);
        _ -> collatz(N - 1, Best, At)
    end.

steps(1, S) -> S;
steps(N, S) when N band 1 =:= 0 -> steps(N bsr 1, S + 1);
steps(N, S) -> steps(3 * N + 1, S + 1).

gcds(0, _, Acc) -> Acc;
gcds(A, 0, Acc) -> gcds(A - 1, 600, Acc);
gcds(A, B, Acc) -> gcds(A, B - 1, Acc + gcd(A, B)).

gcd(A, 0) -> A;
gcd(A, B) -> gcd(B, A rem B).
