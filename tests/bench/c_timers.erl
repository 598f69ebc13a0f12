%% Timers: set and cancelled, set and fired, receive with a time limit that is never reached.
-module(c_timers).
-export([main/0]).

main() ->
    Cancelled = cancel([erlang:send_after(100000 + I, self(), I) || I <- lists:seq(1, 200000)], 0),
    _ = [erlang:start_timer(I rem 50, self(), I) || I <- lists:seq(1, 50000)],
    Fired = fired(50000, 0),
    {Cancelled, Fired, waits(300000, 0)}.

cancel([T | Ts], N) -> case erlang:cancel_timer(T) of Left when is_integer(Left) -> cancel(Ts, N + 1) end;
cancel([], N) -> N.

fired(0, Sum) -> Sum;
fired(N, Sum) -> receive {timeout, _, I} -> fired(N - 1, Sum + I) end.

waits(0, Sum) -> Sum;
waits(N, Sum) -> self() ! N, receive M -> waits(N - 1, Sum + M) after 10000 -> waits(0, Sum) end.
