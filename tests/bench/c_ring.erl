%% A token through a ring of 1,000 processes.
-module(c_ring).
-export([main/0]).

main() ->
    First = lists:foldl(fun(_, Next) -> spawn(fun() -> node_loop(Next) end) end, self(), lists:seq(1, 1000)),
    turns(First, 1000, 0).

turns(First, 0, Sum) -> First ! stop, receive stop -> Sum end;
turns(First, N, Sum) ->
    First ! {token, 0},
    receive {token, Hops} -> turns(First, N - 1, Sum + Hops) end.

node_loop(Next) ->
    receive
        {token, N} -> Next ! {token, N + 1}, node_loop(Next);
        stop -> Next ! stop
    end.
