%% Calls with three arguments: the Takeuchi function.
-module(b_tak).
-export([main/0]).

main() -> loop(3, 0).

loop(0, Acc) -> Acc;
loop(N, Acc) -> loop(N - 1, Acc + tak(24, 16, 8) + tak(18, 12, N)).

tak(X, Y, Z) when Y < X ->
    tak(tak(X - 1, Y, Z), tak(Y - 1, Z, X), tak(Z - 1, X, Y));
tak(_, _, Z) -> Z.
