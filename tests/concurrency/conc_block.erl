%% multi_scheduling and schedulers_online while others run: who has blocked runs alone, and everybody goes on afterwards.
-module(conc_block).
-export([alone/2, online/2, dies/2]).

-define(PATIENCE, 60000).

%% Counters that busy processes move stand still while one that has blocked runs on without a pause.
alone(_, N) ->
    C = counters:new(1, [atomics]),
    Busy = [spawn(fun() -> busy(C) end) || _ <- lists:seq(1, 6)],
    Me = self(),
    Ps = [spawn(fun() -> [one(C) || _ <- lists:seq(1, N)], Me ! {self(), done} end) || _ <- lists:seq(1, 4)],
    [receive {P, done} -> ok after ?PATIENCE -> exit(hangs) end || P <- Ps],
    enabled = erlang:system_info(multi_scheduling),
    moves(C),
    [exit(P, kill) || P <- Busy],
    {ok, N}.

one(C) ->
    How = case rand:uniform(2) of 1 -> {block, unblock}; 2 -> {block_normal, unblock_normal} end,
    erlang:system_flag(multi_scheduling, element(1, How)),
    erlang:yield(),
    A = counters:get(C, 1),
    _ = lists:foldl(fun(X, S) -> X + S end, 0, lists:seq(1, 300)),
    B = counters:get(C, 1),
    A =:= B orelse exit({moved, B - A}),
    erlang:system_flag(multi_scheduling, element(2, How)).

busy(C) -> counters:add(C, 1, 1), busy(C).

%% On a busy machine the thread that counts may not get its turn for a while.
moves(C) -> moves(C, counters:get(C, 1), ?PATIENCE div 5).

moves(_, _, 0) -> exit(stands);
moves(C, Before, Times) ->
    receive after 5 -> ok end,
    counters:get(C, 1) > Before orelse moves(C, Before, Times - 1).

%% The number of schedulers goes up and down under messages and timers.
online(_, N) ->
    Total = erlang:system_info(schedulers),
    Me = self(),
    Ring = [spawn(fun() -> worker(Me, 200) end) || _ <- lists:seq(1, 20)],
    [begin
         erlang:system_flag(schedulers_online, rand:uniform(Total)),
         receive after rand:uniform(3) -> ok end
     end || _ <- lists:seq(1, N)],
    erlang:system_flag(schedulers_online, Total),
    [receive {P, done} -> ok after ?PATIENCE -> exit(hangs) end || P <- Ring],
    {ok, N}.

worker(Me, 0) -> Me ! {self(), done};
worker(Me, N) ->
    Self = self(),
    spawn(fun() -> Self ! {N, lists:sum(lists:seq(1, 100))} end),
    receive {N, 5050} -> ok end,
    receive after N rem 2 -> ok end,
    worker(Me, N - 1).

%% Blocks end with their processes.
dies(_, N) ->
    [begin
         {P, R} = spawn_monitor(fun() -> erlang:system_flag(multi_scheduling, block), erlang:system_flag(multi_scheduling, block), exit(done) end),
         receive {'DOWN', R, process, P, done} -> ok after ?PATIENCE -> exit(hangs) end
     end || _ <- lists:seq(1, N)],
    enabled(100),
    {ok, N}.

enabled(0) -> exit(blocked);
enabled(N) -> erlang:system_info(multi_scheduling) =:= enabled orelse begin receive after 5 -> ok end, enabled(N - 1) end.
