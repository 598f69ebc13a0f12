%% Limits: a process that takes too much memory ends alone; a crowd of processes is nothing special.
-module(conc_limits).
-export([heap_size/2, heap_flag/2, crowd/2, deep/2]).

-define(PATIENCE, 60000).

%% max_heap_size ends the process with killed; links and monitors hear it, the others go on.
heap_size(_, N) ->
    process_flag(trap_exit, true),
    Options = [link, monitor, {max_heap_size, #{size => 20000, kill => true, error_logger => false}}],
    Me = self(),
    Healthy = spawn_link(fun() -> healthy() end),
    [begin
         {P, R} = spawn_opt(hog(K rem 3, Me), Options),
         K rem 3 =:= 2 andalso [P ! {K, lists:seq(1, 1000)} || _ <- lists:seq(1, 100)],
         receive {'DOWN', R, process, P, Why} -> killed = Why after ?PATIENCE -> exit({not_killed, K rem 3, process_info(P)}) end,
         receive {'EXIT', P, killed} -> ok after ?PATIENCE -> exit(no_exit) end,
         Healthy ! {ping, self()},
         receive pong -> ok after ?PATIENCE -> exit(sick) end
     end || K <- lists:seq(1, N)],
    unlink(Healthy),
    exit(Healthy, kill),
    {ok, N}.

hog(0, _) -> fun() -> grow([]) end;
hog(1, _) -> fun() -> length(deep_list(1000000)) end;
hog(2, _) -> fun() -> hoard([]) end.

grow(L) -> grow([{L, L} | L]).

deep_list(0) -> [];
deep_list(N) -> [N | deep_list(N - 1)].

hoard(L) -> receive M -> hoard([M | L]) end.

healthy() -> receive {ping, P} -> P ! pong, healthy() end.

%% kill => false only reports; a process that sets its own limit.
heap_flag(_, N) ->
    Size = 4000 * min(N, 10),
    [begin
         {P, R} = spawn_monitor(fun() ->
             process_flag(max_heap_size, #{size => 5000, kill => false, error_logger => false}),
             {max_heap_size, #{size := 5000, kill := false, error_logger := false}} = process_info(self(), max_heap_size),
             Size = length(lists:seq(1, Size)),
             L = deep_list(Size),
             Size = length(L),
             process_flag(max_heap_size, 500000000),
             {max_heap_size, #{size := 500000000, kill := true, error_logger := true}} = process_info(self(), max_heap_size),
             process_flag(max_heap_size, #{size => 0, kill => true}),
             Size = length(lists:reverse(L)),
             exit(fine)
         end),
         receive {'DOWN', R, process, P, fine} -> ok; {'DOWN', R, _, _, Why} -> exit(Why) after ?PATIENCE -> exit(hangs) end
     end || _ <- lists:seq(1, N)],
    {ok, N}.

%% N processes alive at once; each answers.
crowd(_, N) ->
    Me = self(),
    Pids = [spawn(fun() -> idle() end) || _ <- lists:seq(1, N)],
    N = length(processes()) - length(processes() -- Pids),
    [P ! {Me, K} || {K, P} <- number(Pids, 1)],
    Sum = sum(N, 0),
    Sum = N * (N + 1) div 2,
    [exit(P, kill) || P <- Pids],
    [receive {'DOWN', R, _, _, _} -> ok after ?PATIENCE -> exit(not_killed) end || R <- [monitor(process, P) || P <- Pids]],
    {ok, N}.

number([P | Ps], K) -> [{K, P} | number(Ps, K + 1)];
number([], _) -> [].

idle() -> receive {To, K} -> To ! K, idle() end.

sum(0, S) -> S;
sum(N, S) -> receive K when is_integer(K) -> sum(N - 1, S + K) after ?PATIENCE -> exit({missing, N}) end.

%% Deep recursion in many processes at once.
deep(_, N) ->
    Pids = [spawn_monitor(fun() -> exit({sum, down(N)}) end) || _ <- lists:seq(1, 10)],
    {ok, lists:sum([receive {'DOWN', R, process, P, {sum, S}} -> S after ?PATIENCE -> exit(hangs) end || {P, R} <- Pids])}.

down(0) -> 0;
down(N) -> 1 + down(N - 1).
