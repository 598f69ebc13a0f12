%% Messages and other signals of many processes to many others: between any two they arrive in the order in which they were sent.
-module(conc_storm).
-export([storm/2, aliases/2, ring/2, self_signals/2]).

-define(PATIENCE, 120000).

%% P processes, each sends every other N numbered signals: messages by pid, by alias and by name, exit signals (all trap exits), between
%% links, unlinks, monitors and questions.
storm(Seed, N) ->
    P = 8,
    Me = self(),
    Pids = [spawn_monitor(fun() -> member(Me, Seed * 1000 + I, N, I) end) || I <- lists:seq(1, P)],
    Aliases = [receive {Pid, alias, A} -> {Pid, A, I} after ?PATIENCE -> exit(no_alias) end || {I, {Pid, _}} <- lists:zip(lists:seq(1, P), Pids)],
    [Pid ! {begin_with, lists:keydelete(Pid, 1, Aliases)} || {Pid, _} <- Pids],
    Sum = lists:sum([receive {Pid, got, K} -> K; {'DOWN', R, _, _, Why} -> exit({died, Why}) after ?PATIENCE -> exit({hangs, Pid, process_info(Pid)}) end || {Pid, R} <- Pids]),
    [Pid ! stop || {Pid, _} <- Pids],
    [receive {'DOWN', R, process, Pid, Why} -> normal = Why after ?PATIENCE -> exit(no_end) end || {Pid, R} <- Pids],
    {ok, Sum}.

name(I) -> list_to_atom("storm_" ++ integer_to_list(I)).

member(Me, Seed, N, I) ->
    process_flag(trap_exit, true),
    rand:seed(exsss, Seed),
    true = register(name(I), self()),
    Me ! {self(), alias, alias()},
    receive
        {begin_with, Others} ->
            Next = maps:from_list([{Pid, 1} || {Pid, _, _} <- Others]),
            Got = talk(list_to_tuple(Others), N * length(Others), Next, Next, N),
            Me ! {self(), got, lists:sum([K - 1 || K <- maps:values(Got)])},
            stay()
    end.

% Asked for process_info by those that are not done yet.
stay() ->
    receive
        stop -> ok;
        {'EXIT', _, normal} -> stay();
        Other -> exit({too_many, Other})
    end.

talk(_, 0, _, Got, N) -> hear(Got, N);
talk(Others, Left, Next, Got, N) ->
    {Pid, _, _} = To = element(rand:uniform(tuple_size(Others)), Others),
    case maps:get(Pid, Next) of
        K when K > N -> talk(Others, Left, Next, Got, N);
        K ->
            noise(rand:uniform(12), Pid),
            signal(rand:uniform(5), To, K),
            talk(Others, Left - 1, maps:put(Pid, K + 1, Next), hear_some(Got), N)
    end.

signal(1, {_, Alias, _}, K) -> Alias ! {self(), K};
signal(2, {Pid, _, _}, K) -> exit(Pid, {signal, K});
signal(3, {_, _, I}, K) -> name(I) ! {self(), K};
signal(4, {Pid, _, _}, K) -> erlang:send(Pid, {self(), K, lists:seq(1, K band 127), <<0:(K band 1023)/unit:8>>});
signal(5, {Pid, _, _}, K) -> Pid ! {self(), K}.

noise(1, Pid) -> link(Pid);
noise(2, Pid) -> unlink(Pid);
noise(3, Pid) -> demonitor(monitor(process, Pid), [flush]);
noise(4, Pid) -> R = monitor(process, Pid), true = demonitor(R, [info]), false = demonitor(R, [info]);
noise(5, Pid) -> link(Pid), unlink(Pid), link(Pid), unlink(Pid);
noise(6, Pid) -> true = is_process_alive(Pid);
noise(7, Pid) -> {message_queue_len, L} = process_info(Pid, message_queue_len), true = is_integer(L);
noise(8, Pid) -> A = monitor(process, Pid, [{alias, explicit_unalias}]), demonitor(A), true = unalias(A);
noise(9, _) -> erlang:yield();
noise(_, _) -> ok.

% One message, if there is one.
hear_some(Got) ->
    receive M -> heard(M, Got) after 0 -> Got end.

hear(Got, N) ->
    case lists:all(fun(K) -> K =:= N + 1 end, maps:values(Got)) of
        true -> Got;
        false -> receive M -> hear(heard(M, Got), N) after ?PATIENCE -> exit({missing, Got}) end
    end.

heard({From, K}, Got) when is_pid(From) -> next(From, K, Got);
heard({From, K, List, Bin}, Got) when length(List) =:= K band 127, byte_size(Bin) =:= K band 1023 -> next(From, K, Got);
heard({'EXIT', From, {signal, K}}, Got) -> next(From, K, Got);
heard(Other, _) -> exit({unexpected, Other}).

next(From, K, Got) ->
    case Got of
        #{From := K} -> Got#{From := K + 1};
        #{From := Want} -> exit({out_of_order, From, {wanted, Want, got, K}})
    end.

%% Aliases in each mode: which of two answers arrive.
aliases(Seed, N) ->
    rand:seed(exsss, Seed),
    Servers = list_to_tuple([spawn_link(fun() -> answer_twice() end) || _ <- lists:seq(1, 4)]),
    Sum = lists:sum([alias_mode(rand:uniform(6), element(rand:uniform(4), Servers)) || _ <- lists:seq(1, N)]),
    [begin unlink(S), exit(S, kill) end || S <- tuple_to_list(Servers)],
    receive Other -> exit({unexpected, Other}) after 0 -> ok end,
    true = Sum > N,
    {ok, N}.

answer_twice() ->
    receive
        {Pid, Alias, Ref} ->
            Alias ! {Ref, 1},
            Alias ! {Ref, 2},
            Pid ! {Ref, done},
            answer_twice()
    end.

% Signals of the server are ordered: when done is there, both answers have been taken or dropped.
answers(Ref) ->
    receive {Ref, done} -> ok after ?PATIENCE -> exit(no_answer) end,
    answers(Ref, 0).
answers(Ref, K) ->
    receive {Ref, _} -> answers(Ref, K + 1) after 0 -> K end.

alias_mode(1, S) -> A = alias(), S ! {self(), A, A}, 2 = answers(A), true = unalias(A), false = unalias(A), 2;
alias_mode(2, S) -> A = alias([reply]), S ! {self(), A, A}, 1 = answers(A), false = unalias(A), 1;
alias_mode(3, S) ->
    R = monitor(process, S, [{alias, reply_demonitor}]),
    S ! {self(), R, R}, 1 = answers(R), false = demonitor(R, [info]), false = unalias(R), 1;
alias_mode(4, S) ->
    R = monitor(process, S, [{alias, demonitor}]),
    S ! {self(), R, R}, 2 = answers(R), true = demonitor(R, [info]), false = unalias(R), 2;
alias_mode(5, S) ->
    R = monitor(process, S, [{alias, explicit_unalias}]),
    true = demonitor(R, [info]), S ! {self(), R, R}, 2 = answers(R), true = unalias(R), 2;
alias_mode(6, S) ->
    A = alias(), true = unalias(A), S ! {self(), A, A}, 0 = answers(A), 3.

%% A token goes N times round rings of processes.
ring(Seed, N) ->
    Size = 50 + Seed rem 50,
    Rings = 4,
    Me = self(),
    [spawn_link(fun() -> ring_start(Me, Size, N) end) || _ <- lists:seq(1, Rings)],
    {ok, lists:sum([receive {ring, K} -> K after ?PATIENCE -> exit(ring_hangs) end || _ <- lists:seq(1, Rings)]) div Size}.

ring_start(Me, Size, N) ->
    Last = lists:foldl(fun(_, To) -> spawn_link(fun() -> ring_member(To) end) end, self(), lists:seq(2, Size)),
    Me ! {ring, ring_rounds(Last, N, 0) + N}.

ring_rounds(Next, 0, Hops) -> Next ! stop, receive stop -> Hops end;
ring_rounds(Next, N, Hops) ->
    Next ! 0,
    receive K -> ring_rounds(Next, N - 1, Hops + K) end.

ring_member(To) ->
    receive
        stop -> To ! stop;
        K -> To ! K + 1, ring_member(To)
    end.

%% What a process sends itself is there when the call returns.
self_signals(_, N) ->
    process_flag(trap_exit, true),
    [begin
         exit(self(), {sig, K}),
         receive {'EXIT', P, {sig, K}} when P =:= self() -> ok after 0 -> exit(no_exit_signal) end,
         self() ! K,
         receive K -> ok after 0 -> exit(no_message) end
     end || K <- lists:seq(1, N)],
    {Dead, R} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', R, _, _, _} -> ok end,
    true = link(Dead),
    receive {'EXIT', Dead, noproc} -> ok after 5000 -> exit(no_noproc) end,
    M = monitor(process, Dead),
    receive {'DOWN', M, process, Dead, noproc} -> ok after 5000 -> exit(no_down) end,
    {Pid, Ref} = spawn_monitor(fun() -> exit(self(), kill), receive after 5000 -> ok end end),
    receive {'DOWN', Ref, process, Pid, killed} -> ok after 5000 -> exit(not_killed) end,
    {Pid2, Ref2} = spawn_monitor(fun() -> exit(self(), normal), receive after 5000 -> ok end end),
    receive {'DOWN', Ref2, process, Pid2, normal} -> ok after 5000 -> exit(not_ended) end,
    process_flag(trap_exit, false),
    {ok, N}.
