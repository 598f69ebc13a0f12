%% 100 senders, one receiver.
-module(c_fanin).
-export([main/0]).

main() ->
    Self = self(),
    _ = [spawn(fun() -> send(Self, I, 5000) end) || I <- lists:seq(1, 100)],
    collect(500000, 0).

send(_, _, 0) -> ok;
send(To, I, N) -> To ! {I, N, [data]}, send(To, I, N - 1).

collect(0, Sum) -> Sum;
collect(Left, Sum) -> receive {I, N, [data]} -> collect(Left - 1, Sum + I * N) end.
