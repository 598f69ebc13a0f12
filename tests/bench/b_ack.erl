%% Deep recursion (the stack grows to tens of thousands of frames): Ackermann.
-module(b_ack).
-export([main/0]).

main() -> {ack(3, 10), ack(2, 1500)}.

ack(0, N) -> N + 1;
ack(M, 0) -> ack(M - 1, 1);
ack(M, N) -> ack(M - 1, ack(M, N - 1)).
