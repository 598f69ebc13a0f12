%% Receiving: selectively from long queues, against the clock, and by markers.
-module(conc_receive).
-export([selective/2, timeouts/2, sleeps/2, markers/2, gen_server_calls/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(PATIENCE, 120000).

%% N messages of several senders taken out in another order than they came, by key.
selective(Seed, N) ->
    rand:seed(exsss, Seed),
    Senders = 4,
    Me = self(),
    [spawn_link(fun() -> [Me ! {S, K, payload(K)} || K <- lists:seq(1, N)], Me ! {S, end_of_messages} end) || S <- lists:seq(1, Senders)],
    Keys = [K || {_, K} <- lists:sort([{rand:uniform(), {S, K}} || S <- lists:seq(1, Senders), K <- lists:seq(1, N)])],
    [receive {S, K, P} -> P = payload(K) after ?PATIENCE -> exit({missing, S, K}) end || {S, K} <- Keys],
    [receive {S, end_of_messages} -> ok after ?PATIENCE -> exit(missing_end) end || S <- lists:seq(1, Senders)],
    {message_queue_len, 0} = process_info(self(), message_queue_len),
    {ok, length(Keys)}.

payload(K) when K rem 3 =:= 0 -> K;
payload(K) when K rem 3 =:= 1 -> {lists:seq(1, K rem 50), float(K), #{K => [K]}};
payload(K) -> binary:copy(<<K>>, K rem 300).

%% A message and a timeout at the same time: one of the two happens, the message is never lost and never there twice.
timeouts(Seed, N) ->
    Me = self(),
    Pairs = [spawn_link(fun() -> race(Me, Seed * 100 + I, N) end) || I <- lists:seq(1, 8)],
    {ok, lists:sum([receive {P, raced, K} -> K after ?PATIENCE -> exit({hangs, P, process_info(P)}) end || P <- Pairs])}.

race(Me, Seed, N) ->
    rand:seed(exsss, Seed),
    Self = self(),
    Echo = spawn_link(fun() -> echo(Self) end),
    Got = lists:sum([race_once(Echo, K, rand:uniform(6)) || K <- lists:seq(1, N)]),
    receive Other -> exit({unexpected, Other}) after 2 -> ok end,
    unlink(Echo),
    exit(Echo, kill),
    Me ! {Self, raced, Got}.

echo(To) ->
    receive
        {0, K} -> To ! {answer, K};
        {1, K} -> receive after 1 -> ok end, To ! {answer, K};
        {2, K} -> erlang:send_after(1, To, {answer, K});
        {3, K} -> erlang:yield(), To ! {answer, K}
    end,
    echo(To).

race_once(Echo, K, How) ->
    Echo ! {How band 3, K},
    After = How div 4,
    receive {answer, K} -> 1
    after After ->
        receive {answer, K} -> 1 after ?PATIENCE -> exit({lost, K}) end
    end.

%% Waiting without patterns while messages come.
sleeps(_, N) ->
    Me = self(),
    [spawn_link(fun() -> [self() ! K || K <- lists:seq(1, 5)], [begin Me ! noise, receive after 1 -> ok end end || _ <- lists:seq(1, N)], Me ! slept end) || _ <- lists:seq(1, 4)],
    receive after 5 -> ok end,
    timer:sleep(3),
    [receive slept -> ok after ?PATIENCE -> exit(no_sleep) end || _ <- lists:seq(1, 4)],
    {ok, noises(0)}.

noises(K) -> receive noise -> noises(K + 1) after 0 -> K end.

%% An answer that can only come after a reference was made is found without looking at what waits before it.
markers(_, N) ->
    Server = spawn_link(fun() -> calls() end),
    [call(Server, K) || K <- lists:seq(1, 20)],
    Empty = reductions(fun() -> [call(Server, K) || K <- lists:seq(1, 100)] end),
    [self() ! {waiting, K} || K <- lists:seq(1, N)],
    Full = reductions(fun() -> [call(Server, K) || K <- lists:seq(1, 100)] end),
    {message_queue_len, N} = process_info(self(), message_queue_len),
    true = Full < 10 * Empty + N div 2,
    [receive {waiting, K} -> ok after 0 -> exit({lost, K}) end || K <- lists:seq(1, N)],
    unlink(Server),
    exit(Server, kill),
    {ok, N}.

reductions(F) ->
    {reductions, A} = process_info(self(), reductions),
    F(),
    {reductions, B} = process_info(self(), reductions),
    B - A.

calls() -> receive {From, Ref, K} -> From ! {Ref, K}, calls() end.

call(Server, K) ->
    Ref = monitor(process, Server),
    Server ! {self(), Ref, K},
    receive
        {Ref, K} -> demonitor(Ref, [flush]), K;
        {'DOWN', Ref, _, _, Why} -> exit(Why)
    end.

%% The same by gen_server, many clients with long queues.
gen_server_calls(_, N) ->
    {ok, Server} = gen_server:start_link(?MODULE, [], []),
    Me = self(),
    Clients = [spawn_link(fun() ->
                   [self() ! {waiting, K} || K <- lists:seq(1, N)],
                   [K = gen_server:call(Server, {echo, K}, infinity) || K <- lists:seq(1, 200)],
                   [gen_server:cast(Server, count) || _ <- lists:seq(1, 50)],
                   [receive {waiting, K} -> ok after 0 -> exit(lost) end || K <- lists:seq(1, N)],
                   gen_server:call(Server, sync),
                   Me ! {self(), done}
               end) || _ <- lists:seq(1, 5)],
    [receive {C, done} -> ok after ?PATIENCE -> exit({hangs, process_info(C)}) end || C <- Clients],
    Count = gen_server:call(Server, sync),
    gen_server:stop(Server),
    {ok, Count}.

init([]) -> {ok, 0}.
handle_call({echo, K}, _, S) -> {reply, K, S};
handle_call(sync, _, S) -> {reply, S, S}.
handle_cast(count, S) -> {noreply, S + 1}.
handle_info(_, S) -> {noreply, S}.
