%% Timers set, read and cancelled by many processes: a timer's message comes, or its cancelling says how much was left; never both, never neither.
-module(conc_timers).
-export([cancels/2, names/2, dead/2, mixed_order/2, many/2]).

-define(PATIENCE, 60000).

%% Owners start timers to themselves; helpers cancel and read them at the same time as the owners do.
cancels(Seed, N) ->
    Me = self(),
    Helpers = list_to_tuple([spawn_link(fun() -> canceller() end) || _ <- lists:seq(1, 4)]),
    Owners = [spawn_link(fun() -> owner(Me, Seed * 100 + I, N, Helpers) end) || I <- lists:seq(1, 6)],
    Sum = lists:sum([receive {O, timers, K} -> K after ?PATIENCE -> exit({hangs, process_info(O)}) end || O <- Owners]),
    [begin unlink(H), exit(H, kill) end || H <- tuple_to_list(Helpers)],
    {ok, Sum}.

canceller() ->
    receive
        {cancel, From, Ref} -> From ! {cancelled, Ref, erlang:cancel_timer(Ref)};
        {read, From, Ref} -> From ! {read, Ref, erlang:read_timer(Ref)};
        {async, From, Ref} ->
            ok = erlang:cancel_timer(Ref, [{async, true}]),
            receive {cancel_timer, Ref, Left} -> From ! {cancelled, Ref, Left} end
    end,
    canceller().

owner(Me, Seed, N, Helpers) ->
    rand:seed(exsss, Seed),
    Sum = lists:sum([one(rand:uniform(6), element(rand:uniform(4), Helpers), rand:uniform(4) - 1) || _ <- lists:seq(1, N)]),
    receive Other -> exit({unexpected, Other}) after 10 -> ok end,
    Me ! {self(), timers, Sum}.

% A number that tells the answers that were right.
one(1, _, Time) ->
    Ref = erlang:send_after(Time, self(), {fired, Time}),
    receive {fired, Time} -> ok after ?PATIENCE -> exit(not_fired) end,
    false = erlang:cancel_timer(Ref),
    false = erlang:read_timer(Ref),
    1;
one(2, H, Time) ->
    Ref = erlang:start_timer(Time, self(), {tick, Time}),
    H ! {cancel, self(), Ref},
    settle(Ref, Time, 1);
one(3, H, Time) ->
    Ref = erlang:start_timer(Time, self(), {tick, Time}),
    H ! {async, self(), Ref},
    H ! {cancel, self(), Ref},
    settle(Ref, Time, 2);
one(4, H, Time) ->
    Ref = erlang:start_timer(Time, self(), {tick, Time}),
    H ! {cancel, self(), Ref},
    self() ! {cancelled, Ref, erlang:cancel_timer(Ref)},
    settle(Ref, Time, 2);
one(5, H, Time) ->
    Ref = erlang:start_timer(50000 + Time, self(), never),
    H ! {read, self(), Ref},
    receive {read, Ref, Left} when Left > 1000, Left =< 50000 + Time -> ok after ?PATIENCE -> exit(no_read) end,
    true = erlang:cancel_timer(Ref) > 1000,
    false = erlang:cancel_timer(Ref),
    1;
one(6, H, Time) ->
    Ref = erlang:start_timer(Time, H, nobody_looks),
    case erlang:cancel_timer(Ref) of
        false -> 1;
        Left when Left =< Time -> 1
    end.

settle(Ref, Time, Cancels) ->
    Answers = [receive {cancelled, Ref, A} -> A after ?PATIENCE -> exit(no_answer) end || _ <- lists:seq(1, Cancels)],
    case [A || A <- Answers, A =/= false] of
        [] -> receive {timeout, Ref, {tick, Time}} -> 1 after ?PATIENCE -> exit(neither) end;
        [Left] when Left =< Time, Left >= 0 ->
            receive {timeout, Ref, _} -> exit(both) after 0 -> 1 end
    end.

%% Timers to a name go to whoever has it when they fire.
names(_, N) ->
    Me = self(),
    register(conc_timers_name, self()),
    [erlang:send_after(K band 3, conc_timers_name, {k, K}) || K <- lists:seq(1, N)],
    [receive {k, K} -> ok after ?PATIENCE -> exit({lost, K}) end || K <- lists:seq(1, N)],
    Late = erlang:send_after(30, conc_timers_name, late),
    true = unregister(conc_timers_name),
    P = spawn_link(fun() -> receive late -> Me ! got_late end end),
    register(conc_timers_name, P),
    receive got_late -> ok after ?PATIENCE -> exit(no_late) end,
    false = erlang:read_timer(Late),
    _ = erlang:send_after(0, conc_timers_nobody, x),
    {ok, N}.

%% Timers to processes that die before.
dead(_, N) ->
    Refs = [begin
                {P, M} = spawn_monitor(fun() -> receive stop -> ok end end),
                R = erlang:send_after(100000, P, x),
                P ! stop,
                receive {'DOWN', M, _, _, _} -> ok end,
                R
            end || _ <- lists:seq(1, N)],
    Before = [R || R <- Refs, erlang:read_timer(R) =/= false],
    [] = Before,
    {ok, length(Refs)}.

%% Timers of one process with the same receiver fire in the order of their times.
mixed_order(Seed, N) ->
    rand:seed(exsss, Seed),
    Start = erlang:monotonic_time(millisecond) + 20,
    Times = [Start + rand:uniform(40) || _ <- lists:seq(1, N)],
    [erlang:start_timer(T, self(), T, [{abs, true}]) || T <- Times],
    Got = [receive {timeout, _, T} -> T after ?PATIENCE -> exit(not_fired) end || _ <- Times],
    true = lists:sort(Times) =:= lists:sort(Got),
    % The scheduler that started them fires them; a process that moved has timers of several.
    {ok, length(Got)}.

%% A great many at once, most of them cancelled.
many(_, N) ->
    Refs = [erlang:start_timer(3600000 + K, self(), K) || K <- lists:seq(1, N)],
    Left = [erlang:cancel_timer(R) || R <- Refs],
    true = lists:all(fun is_integer/1, Left),
    Short = [erlang:start_timer(K rem 50, self(), K) || K <- lists:seq(1, N)],
    [receive {timeout, R, _} -> ok after ?PATIENCE -> exit(not_fired) end || R <- Short],
    {ok, N}.
