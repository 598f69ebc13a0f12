%% Floats and integers mixed: the spectral norm of an infinite matrix's corner.
-module(b_spectral).
-export([main/0]).

main() ->
    N = 500,
    {U, V} = power(8, N, [1.0 || _ <- lists:seq(1, N)], []),
    trunc(math:sqrt(dot(U, V, 0.0) / dot(V, V, 0.0)) * 1.0e9).

power(0, _, U, V) -> {U, V};
power(I, N, U, _) ->
    V1 = atau(N, U),
    power(I - 1, N, atau(N, V1), V1).

atau(N, U) -> mult_at(N, mult_a(N, U)).

mult_a(N, U) -> [row(I, 0, U, 0.0) || I <- lists:seq(0, N - 1)].
mult_at(N, U) -> [col(I, 0, U, 0.0) || I <- lists:seq(0, N - 1)].

row(_, _, [], S) -> S;
row(I, J, [X | Xs], S) -> row(I, J + 1, Xs, S + a(I, J) * X).

col(_, _, [], S) -> S;
col(I, J, [X | Xs], S) -> col(I, J + 1, Xs, S + a(J, I) * X).

a(I, J) -> 1.0 / ((I + J) * (I + J + 1) div 2 + I + 1).

dot([], [], S) -> S;
dot([X | Xs], [Y | Ys], S) -> dot(Xs, Ys, S + X * Y).
