%% Short processes: spawn, one message, exit.
-module(c_spawn).
-export([main/0]).

main() -> rounds(30, 0).

rounds(0, Sum) -> Sum;
rounds(N, Sum) ->
    Self = self(),
    _ = [spawn(fun() -> Self ! I end) || I <- lists:seq(1, 10000)],
    rounds(N - 1, Sum + collect(10000, 0)).

collect(0, Sum) -> Sum;
collect(N, Sum) -> receive I -> collect(N - 1, Sum + I) end.
