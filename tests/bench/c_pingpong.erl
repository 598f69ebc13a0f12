%% Two processes that answer each other.
-module(c_pingpong).
-export([main/0]).

main() ->
    Self = self(),
    Pong = spawn(fun() -> pong(Self) end),
    ping(Pong, 1000000, 0).

ping(Pong, 0, Sum) -> Pong ! stop, Sum;
ping(Pong, N, Sum) ->
    Pong ! {ping, N},
    receive {pong, M} -> ping(Pong, N - 1, Sum + M) end.

pong(Self) ->
    receive
        {ping, N} -> Self ! {pong, N}, pong(Self);
        stop -> ok
    end.
