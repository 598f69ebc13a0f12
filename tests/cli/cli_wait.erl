%% For tests of the command line: Ctrl-C, --deterministic, no memory left.
-module(cli_wait).
-export([main/0, busy/0, race/0, greedy/0]).

main() ->
    io:format("waiting~n"),
    receive stop -> ok after 60000 -> ok end.

busy() ->
    io:format("busy~n"),
    busy(0).

busy(N) -> busy(N + 1).

%% Three writers without a lock: what the reader sees first depends on the order of events, and on nothing else.
race() ->
    Self = self(),
    _ = [spawn(fun() -> work(Self, I, 300) end) || I <- [1, 2, 3]],
    [receive {I, N} -> {I, N} after 1000 -> timeout end || _ <- lists:seq(1, 30)].

work(_, _, 0) -> ok;
work(To, I, N) when N rem 30 =:= 0 -> To ! {I, N}, work(To, I, N - 1);
work(To, I, N) -> work(To, I, N - 1).

%% A process that wants more memory than there is ends alone.
greedy() ->
    {P, R} = spawn_monitor(fun() -> grow([]) end),
    receive {'DOWN', R, process, P, Why} -> {Why, lists:sum(lists:seq(1, 1000))} end.

grow(L) -> grow([L, lists:seq(1, 1000) | L]).
