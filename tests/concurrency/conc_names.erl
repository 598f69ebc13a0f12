%% The registry, and everything that one process does to another besides sending to it.
-module(conc_names).
-export([registry/2, restarts/2, suspends/2, infos/2, leaders/2, traps/2, exits/2, hibernates/2, spawns/2, same_module/2, touch/0, priorities/2]).

-define(PATIENCE, 60000).

%% Many processes want one name; each must have it K times.
registry(Seed, N) ->
    Me = self(),
    Pids = [spawn_link(fun() -> rand:seed(exsss, Seed * 10 + I), want(N), Me ! {self(), had, N} end) || I <- lists:seq(1, 6)],
    Asker = spawn_link(fun() -> ask() end),
    Sum = lists:sum([receive {P, had, K} -> K after ?PATIENCE -> exit({hangs, process_info(P)}) end || P <- Pids]),
    unlink(Asker),
    exit(Asker, kill),
    undefined = whereis(conc_name),
    {ok, Sum}.

want(0) -> ok;
want(N) ->
    try register(conc_name, self()) of
        true ->
            Self = self(),
            Self = whereis(conc_name),
            case rand:uniform(3) of 1 -> erlang:yield(); _ -> ok end,
            {registered_name, conc_name} = process_info(self(), registered_name),
            Ref = make_ref(),
            conc_name ! Ref,
            receive Ref -> ok after ?PATIENCE -> exit(lost) end,
            true = unregister(conc_name),
            [] = process_info(self(), registered_name),
            want(N - 1)
    catch error:badarg -> erlang:yield(), want(N)
    end.

ask() ->
    case whereis(conc_name) of
        undefined -> ok;
        P when is_pid(P) -> try conc_name ! ignored catch error:badarg -> ok end
    end,
    lists:member(conc_name, registered()),
    erlang:yield(),
    ask().

%% Somebody who takes over the name of one that died keeps it.
restarts(_, N) ->
    Me = self(),
    {ok, restart(Me, N, 0)}.

restart(_, 0, K) -> K;
restart(Me, N, K) ->
    {P, R} = spawn_monitor(fun() -> register(conc_restart, self()), Me ! {ready, self()}, receive stop -> ok end end),
    receive {ready, P} -> ok after ?PATIENCE -> exit(no_start) end,
    case N rem 3 of
        0 -> exit(P, kill);
        1 -> P ! stop;
        2 -> conc_restart ! stop
    end,
    receive {'DOWN', R, _, _, _} -> ok after ?PATIENCE -> exit(no_end) end,
    true = register(conc_restart, self()),
    [begin Me = whereis(conc_restart), erlang:yield() end || _ <- lists:seq(1, 3)],
    true = unregister(conc_restart),
    restart(Me, N - 1, K + 1).

%% A suspended process does nothing, but it can be asked, monitored and killed.
suspends(_, N) ->
    Counter = spawn_link(fun() -> count(0) end),
    [begin
         true = erlang:suspend_process(Counter),
         Counter ! {get, self()},
         true = erlang:suspend_process(Counter),
         {status, suspended} = process_info(Counter, status),
         true = is_process_alive(Counter),
         true = erlang:resume_process(Counter),
         receive {count, _} -> exit(not_suspended) after K rem 2 -> ok end,
         true = erlang:resume_process(Counter),
         receive {count, K} -> ok after ?PATIENCE -> exit(not_resumed) end
     end || K <- lists:seq(0, N - 1)],
    ok = try erlang:resume_process(Counter) catch error:badarg -> ok end,
    % Several suspend one at a time, asynchronously too.
    Me = self(),
    Others = [spawn_link(fun() ->
                  [begin
                       true = erlang:suspend_process(Counter, [{asynchronous, {x, I}} || I rem 2 =:= 1] ),
                       true = erlang:resume_process(Counter)
                   end || I <- lists:seq(0, N, 2)],
                  Me ! {self(), done}
              end) || _ <- lists:seq(1, 4)],
    [receive {O, done} -> ok after ?PATIENCE -> exit({hangs, process_info(O)}) end || O <- Others],
    Counter ! {get, self()},
    receive {count, N} -> ok after ?PATIENCE -> exit(still_suspended) end,
    unlink(Counter),
    true = erlang:suspend_process(Counter),
    Ref = monitor(process, Counter),
    exit(Counter, kill),
    receive {'DOWN', Ref, process, Counter, killed} -> ok after ?PATIENCE -> exit(not_killed) end,
    % A suspender's end resumes.
    C2 = spawn_link(fun() -> count(0) end),
    {S, R} = spawn_monitor(fun() -> true = erlang:suspend_process(C2), receive stop -> ok end end),
    S ! stop,
    receive {'DOWN', R, _, _, normal} -> ok after ?PATIENCE -> exit(no_end) end,
    C2 ! {get, self()},
    receive {count, 0} -> ok after ?PATIENCE -> exit(not_resumed_by_end) end,
    unlink(C2),
    exit(C2, kill),
    {ok, N}.

count(K) -> receive {get, P} -> P ! {count, K}, count(K + 1) end.

%% process_info of processes that run, wait, die.
infos(Seed, N) ->
    rand:seed(exsss, Seed),
    Items = [current_function, current_stacktrace, dictionary, links, messages, message_queue_len, monitors, monitored_by, reductions, status,
             total_heap_size, heap_size, stack_size, garbage_collection, trap_exit, group_leader, initial_call, binary, memory, priority],
    Me = self(),
    Pids = list_to_tuple([spawn_link(fun() -> put(key, {value, I}), busy(I, lists:seq(1, 20 + I)) end) || I <- lists:seq(1, 6)]),
    Waiting = spawn_link(fun() -> receive stop -> ok end end),
    Dying = [spawn(fun() -> receive after rand:uniform(3) -> ok end end) || _ <- lists:seq(1, N div 10)],
    Asking = [spawn_link(fun() ->
                  rand:seed(exsss, Seed + I),
                  [begin
                       P = element(rand:uniform(6), Pids),
                       Item = lists:nth(rand:uniform(length(Items)), Items),
                       {Item, _} = process_info(P, Item)
                   end || _ <- lists:seq(1, N)],
                  [{status, _} = process_info(Waiting, status) || _ <- lists:seq(1, N)],
                  [case process_info(D) of undefined -> ok; L when is_list(L) -> ok end || D <- Dying],
                  Me ! {self(), N}
              end) || I <- lists:seq(1, 4)],
    Sum = lists:sum([receive {A, K} -> K after ?PATIENCE -> exit({hangs, process_info(A)}) end || A <- Asking]),
    [begin
         {dictionary, [{key, {value, I}}]} = process_info(element(I, Pids), dictionary),
         {links, [Me]} = process_info(element(I, Pids), links)
     end || I <- lists:seq(1, 6)],
    % What was asked leaves no heaps behind.
    {memory, M} = process_info(Waiting, memory),
    true = M < 100000,
    [begin unlink(P), exit(P, kill) end || P <- [Waiting | tuple_to_list(Pids)]],
    {ok, Sum}.

busy(I, L) when I rem 2 =:= 0 -> busy(I, lists:reverse(L));
busy(I, L) -> receive M -> exit(M) after 0 -> busy(I, [X || X <- L]) end.

%% Group leaders, changed while processes use and inherit them.
leaders(_, N) ->
    Old = group_leader(),
    A = spawn_link(fun() -> receive stop -> ok end end),
    B = spawn_link(fun() -> receive stop -> ok end end),
    P = spawn_link(fun() -> tell_leader() end),
    [begin
         G = case K rem 2 of 0 -> A; 1 -> B end,
         true = group_leader(G, P),
         P ! {tell, self()},
         receive {leader, G, G} -> ok after ?PATIENCE -> exit(wrong_leader) end
     end || K <- lists:seq(1, N)],
    Old = group_leader(),
    [begin unlink(Q), exit(Q, kill) end || Q <- [A, B, P]],
    {ok, N}.

tell_leader() ->
    receive
        {tell, To} ->
            Self = self(),
            Child = spawn_link(fun() -> Self ! {self(), group_leader()} end),
            receive {Child, G} -> To ! {leader, group_leader(), G} end,
            tell_leader()
    end.

%% trap_exit on and off while exit signals come: each is a message or an end, as the flag was.
traps(_, N) ->
    Me = self(),
    P = spawn(fun() -> trapper(Me) end),
    R = monitor(process, P),
    [begin
         P ! {trap, true},
         P ! {ping, Me},
         receive pong -> ok after ?PATIENCE -> exit(not_there) end,
         exit(P, {reason, K}),
         receive {trapped, Me, {reason, K}} -> ok after ?PATIENCE -> exit(not_trapped) end,
         P ! {trap, false},
         exit(P, normal),
         P ! {ping, Me},
         receive pong -> ok after ?PATIENCE -> exit(not_there) end
     end || K <- lists:seq(1, N)],
    exit(P, the_end),
    receive {'DOWN', R, process, P, the_end} -> ok after ?PATIENCE -> exit(no_end) end,
    {ok, N}.

trapper(Me) ->
    receive
        {trap, Flag} -> process_flag(trap_exit, Flag);
        {'EXIT', From, Why} -> Me ! {trapped, From, Why};
        {ping, From} -> From ! pong
    end,
    trapper(Me).

%% How processes end by exit signals.
exits(_, N) ->
    {ok, lists:sum([lists:sum([exits_once(C) || C <- lists:seq(1, 9)]) || _ <- lists:seq(1, N)])}.

exits_once(1) -> ends(fun() -> exit(self(), kill), ok end, killed);
exits_once(2) -> ends(fun() -> process_flag(trap_exit, true), exit(self(), kill), ok end, killed);
exits_once(3) -> ends(fun() -> exit(self(), normal), exit(not_reached) end, normal);
exits_once(4) -> ends(fun() -> process_flag(trap_exit, true), exit(self(), normal), receive {'EXIT', _, normal} -> exit(trapped) end end, trapped);
exits_once(5) -> ends(fun() -> spawn_link(fun() -> exit(child) end), receive never -> ok end end, child);
exits_once(6) -> ends(fun() -> spawn_link(fun() -> exit(normal) end), receive never -> ok after 1 -> ok end end, normal);
exits_once(7) ->
    Me = self(),
    {P, R} = spawn_monitor(fun() -> Me ! up, loop_for_ever(0) end),
    receive up -> ok end,
    exit(P, stop_looping),
    receive {'DOWN', R, process, P, stop_looping} -> 1 after ?PATIENCE -> exit(runs_on) end;
exits_once(8) -> ends(fun() -> P = self(), spawn(fun() -> exit(P, kill) end), loop_for_ever(0) end, killed);
exits_once(9) -> ends(fun() -> P = spawn_link(fun() -> receive never -> ok end end), exit(P, kill), receive never -> ok end end, killed).

loop_for_ever(K) -> loop_for_ever((K + 1) band 16#FFFF).

ends(F, Reason) ->
    {P, R} = spawn_monitor(F),
    receive {'DOWN', R, process, P, Reason} -> 1; {'DOWN', R, process, P, Other} -> exit({wrong_reason, Reason, Other})
    after ?PATIENCE -> exit({does_not_end, Reason}) end.

%% Hibernating processes wake for messages only, keep what they had, and can be asked meanwhile.
hibernates(_, N) ->
    Me = self(),
    P = spawn_link(fun() -> sleeper(Me, 0) end),
    [begin
         {status, _} = process_info(P, status),
         P ! {add, K},
         receive {sum, S} when S =:= K * (K + 1) div 2 -> ok after ?PATIENCE -> exit(no_answer) end,
         exit(P, normal),
         true = is_process_alive(P)
     end || K <- lists:seq(1, N)],
    unlink(P),
    exit(P, kill),
    {ok, N}.

sleeper(Me, Sum) -> erlang:hibernate(erlang, apply, [fun awake/2, [Me, Sum]]).

awake(Me, Sum) -> receive {add, K} -> Me ! {sum, Sum + K}, sleeper(Me, Sum + K) end.

%% All forms of spawning.
spawns(_, N) -> {ok, lists:sum([lists:sum([spawns_once(C) || C <- lists:seq(1, 9)]) || _ <- lists:seq(1, N)])}.

spawns_once(1) ->
    Me = self(), P = spawn(fun() -> Me ! {self(), here} end), here(P);
spawns_once(2) ->
    Me = self(), P = spawn_link(erlang, send, [Me, linked]), receive linked -> true = is_pid(P), 1 after ?PATIENCE -> exit(no_child) end;
spawns_once(3) ->
    {P, R} = spawn_monitor(erlang, exit, [{bye, [1, 2, 3]}]), down(P, R, {bye, [1, 2, 3]});
spawns_once(4) ->
    {P, R} = spawn_opt(fun() -> exit(opt) end, [monitor, {min_heap_size, 5000}, {priority, high}, {message_queue_data, off_heap}]), down(P, R, opt);
spawns_once(5) ->
    Ref = spawn_request(fun() -> receive stop -> ok end end, [{reply_tag, spawned}]),
    receive {spawned, Ref, ok, P} -> exit(P, kill), 1 after ?PATIENCE -> exit(no_reply) end;
spawns_once(6) ->
    Me = self(),
    Ref = spawn_request(fun() -> Me ! {child, self()} end, [monitor, link]),
    % The answer comes before anything that the child does.
    P = receive First -> {spawn_reply, Ref, ok, Pid} = First, Pid after ?PATIENCE -> exit(no_reply) end,
    receive {child, P} -> ok after ?PATIENCE -> exit(no_child) end,
    down(P, Ref, normal);
spawns_once(7) ->
    {P, R} = spawn_opt(fun() -> receive {go, A} -> A ! {self(), here} end end, [{monitor, [{tag, {my, tag}}, {alias, demonitor}]}]),
    P ! {go, R}, here(P),
    receive {{my, tag}, R, process, P, normal} -> 1 after ?PATIENCE -> exit(no_tagged_down) end;
spawns_once(8) ->
    Ref = spawn_request(fun() -> exit(quiet) end, [monitor, {reply, no}]),
    receive {'DOWN', Ref, process, _, quiet} -> 1 after ?PATIENCE -> exit(no_down) end;
spawns_once(9) ->
    try spawn_opt(fun() -> ok end, [link | bad]) of _ -> exit(spawned) catch error:badarg -> 1 end.

here(P) -> receive {P, here} -> 1 after ?PATIENCE -> exit(no_child) end.
down(P, R, Why) -> receive {'DOWN', R, process, P, Why} -> 1 after ?PATIENCE -> exit({no_down, Why}) end.

%% Many call a module that nobody has loaded yet.
same_module(_, N) ->
    Me = self(),
    Modules = [queue, orddict, gb_sets, gb_trees, ordsets, sets, proplists, string, dict, array, digraph, sofs, calendar, base64, uri_string],
    Pids = [spawn_link(fun() ->
                receive go -> ok end,
                [M:module_info(module) || M <- Modules],
                {value, {1, x}} = lists:keysearch(1, 1, dict:to_list(dict:from_list([{1, x}]))),
                Me ! {self(), array:get(0, array:from_list([1]))}
            end) || _ <- lists:seq(1, N)],
    [P ! go || P <- Pids],
    {ok, lists:sum([receive {P, 1} -> 1 after ?PATIENCE -> exit({hangs, process_info(P)}) end || P <- Pids])}.

touch() -> ok.

%% Processes of all priorities get on.
priorities(_, N) ->
    Me = self(),
    Pids = [spawn_opt(fun() -> work(N), Me ! {self(), done} end, [link, {priority, P}]) || P <- [low, normal, high, normal, low, max], _ <- lists:seq(1, 3)],
    [receive {P, done} -> ok after ?PATIENCE -> exit({starves, process_info(P, priority)}) end || P <- Pids],
    {ok, length(Pids)}.

work(0) -> ok;
work(N) -> self() ! N, receive N -> ok end, process_flag(priority, lists:nth(1 + N rem 3, [low, normal, high])), erlang:yield(), work(N - 1).
