%% Processes that die in great numbers: every monitor gets exactly one 'DOWN', every link's exit signal arrives, nothing is left.
%% Each function takes a seed and a size and gives {ok, Count}: Count is the number of messages that had to come.
-module(conc_trees).
-export([monitors/2, links/2, trees/2, chain/2]).

-define(BATCH, 500).
-define(WATCHERS, 3).
-define(PATIENCE, 120000).

%% N processes that end in all ways, each watched by several others, which must see each end once.
monitors(Seed, N) ->
    Before = processes(),
    rand:seed(exsss, Seed),
    Watchers = [spawn_link(fun() -> watcher(#{}, 0) end) || _ <- lists:seq(1, ?WATCHERS)],
    Seen = batches(N, Watchers, 0),
    [unlink(W) || W <- Watchers],
    [exit(W, kill) || W <- Watchers],
    none_left(Before),
    {ok, Seen}.

batches(N, _, Seen) when N =< 0 -> Seen;
batches(N, Watchers, Seen) ->
    Count = min(N, ?BATCH),
    Pids = [spawn(fun() -> mortal(Seed) end) || Seed <- [rand:uniform(1 bsl 30) || _ <- lists:seq(1, Count)]],
    All = list_to_tuple(Pids),
    [P ! {others, All} || P <- Pids],
    [W ! {watch, self(), Pids} || W <- Watchers],
    [exit(element(rand:uniform(Count), All), reason(rand:uniform(4))) || _ <- lists:seq(1, Count div 4)],
    [exit(P, kill) || P <- Pids],
    Sum = lists:sum([receive {W, seen, K} -> K after ?PATIENCE -> exit({watcher_hangs, W}) end || W <- Watchers]),
    batches(N - Count, Watchers, Seen + Sum).

reason(1) -> kill;
reason(2) -> shutdown;
reason(3) -> {shutdown, [lists:seq(1, 10)]};
reason(4) -> normal.

mortal(Seed) ->
    rand:seed(exsss, Seed),
    case rand:uniform(10) of
        1 -> ok;
        2 -> exit(early);
        K ->
            receive
                {others, All} -> mortal(K, All)
            end
    end.

mortal(3, _) -> exit({reason, make_ref()});
mortal(4, All) -> exit(some(All), kill), forever();
mortal(5, All) -> try_link(some(All)), forever();
mortal(6, All) -> process_flag(trap_exit, true), try_link(some(All)), forever();
mortal(7, All) -> P = some(All), monitor(process, P), receive {'DOWN', _, _, P, _} -> exit(seen) end;
mortal(8, _) -> receive nothing -> ok after rand:uniform(3) -> ok end;
mortal(9, All) -> P = some(All), try_link(P), unlink(P), exit(some(All), whatever);
mortal(10, _) -> erlang:hibernate(erlang, apply, [fun forever/0, []]).

some(All) -> element(rand:uniform(tuple_size(All)), All).

forever() -> receive nothing -> ok end.

watcher(Open, Seen) ->
    receive
        {watch, From, Pids} ->
            Refs = maps:from_list([{monitor(process, P), P} || P <- Pids]),
            true = length(Pids) =:= map_size(Refs),
            watcher(maps:put(from, From, Refs), 0);
        {'DOWN', Ref, process, Pid, _} ->
            {Pid, Left} = maps:take(Ref, Open),
            case map_size(Left) of
                1 ->
                    maps:get(from, Left) ! {self(), seen, Seen + 1},
                    watcher(#{}, 0);
                _ -> watcher(Left, Seen + 1)
            end;
        Other -> exit({unexpected, Other})
    end.

%% Parents that trap exits get one 'EXIT' for each child.
links(Seed, N) ->
    Before = processes(),
    rand:seed(exsss, Seed),
    Parents = 10,
    Each = N div Parents,
    Me = self(),
    Pids = [begin S = rand:uniform(1 bsl 30), spawn_link(fun() -> parent(Me, S, Each) end) end || _ <- lists:seq(1, Parents)],
    Sum = lists:sum([receive {P, got, K} -> K after ?PATIENCE -> exit({parent_hangs, P}) end || P <- Pids]),
    none_left(Before),
    {ok, Sum}.

parent(Report, Seed, N) ->
    process_flag(trap_exit, true),
    rand:seed(exsss, Seed),
    Got = children(N, 0),
    receive Other -> exit({unexpected, Other}) after 0 -> ok end,
    unlink(Report),
    Report ! {self(), got, Got}.

children(N, Got) when N =< 0 -> Got;
children(N, Got) ->
    Count = min(N, ?BATCH),
    Pids = [begin S = rand:uniform(1 bsl 30), spawn_link(fun() -> mortal(S) end) end || _ <- lists:seq(1, Count)],
    All = list_to_tuple(Pids),
    [P ! {others, All} || P <- Pids],
    Killer = spawn(fun() -> [exit(P, kill) || P <- Pids] end),
    Ref = monitor(process, Killer),
    Left = exits(maps:from_keys(Pids, true), Ref),
    0 = map_size(Left),
    children(N - Count, Got + Count).

exits(Left, Ref) when map_size(Left) =:= 0 -> receive {'DOWN', Ref, _, _, _} -> Left after ?PATIENCE -> exit(killer_hangs) end;
exits(Left, Ref) ->
    receive
        {'EXIT', P, _} -> {true, Less} = maps:take(P, Left), exits(Less, Ref)
    after ?PATIENCE -> exit({children_hang, map_size(Left)})
    end.

%% Trees of linked processes: one node's death takes the whole tree with it, with its reason.
trees(Seed, N) ->
    Before = processes(),
    rand:seed(exsss, Seed),
    Sum = lists:sum([tree(3, 3 + rand:uniform(1)) || _ <- lists:seq(1, N)]),
    none_left(Before),
    {ok, Sum}.

tree(Fan, Depth) ->
    Me = self(),
    spawn(fun() -> tree_node(Me, Fan, Depth) end),
    Total = tree_size(Fan, Depth),
    Pids = [receive {node, P} -> P after ?PATIENCE -> exit(tree_hangs) end || _ <- lists:seq(1, Total)],
    Refs = [{monitor(process, P), P} || P <- Pids],
    Reason = {boom, make_ref()},
    exit(lists:nth(rand:uniform(Total), Pids), Reason),
    [receive {'DOWN', R, process, P, Why} -> ok = fell(Why, Reason) after ?PATIENCE -> exit({survivor, P, process_info(P)}) end || {R, P} <- Refs],
    Total.

tree_size(_, 0) -> 1;
tree_size(Fan, Depth) -> 1 + Fan * tree_size(Fan, Depth - 1).

tree_node(Me, Fan, Depth) ->
    case Depth of
        0 -> ok;
        _ -> [spawn_link(fun() -> tree_node(Me, Fan, Depth - 1) end) || _ <- lists:seq(1, Fan)]
    end,
    Me ! {node, self()},
    forever().

%% A chain of links N long falls from one end to the other.
chain(_, N) ->
    Before = processes(),
    Me = self(),
    First = spawn(fun() -> chain_link(Me, N) end),
    Last = receive {last, P} -> P after ?PATIENCE -> exit(no_end) end,
    Ref = monitor(process, First),
    exit(Last, fall),
    receive {'DOWN', Ref, process, First, fall} -> ok after ?PATIENCE -> exit(chain_hangs) end,
    none_left(Before),
    {ok, N}.

chain_link(Me, 1) -> Me ! {last, self()}, forever();
chain_link(Me, N) -> spawn_link(fun() -> chain_link(Me, N - 1) end), forever().

none_left(Before) -> none_left(Before, 2000).

none_left(Before, Tries) ->
    case processes() -- Before of
        [] -> ok;
        Left when Tries =:= 0 -> exit({left, length(Left), [{P, process_info(P)} || P <- lists:sublist(Left, 3)]});
        _ -> receive after 5 -> ok end, none_left(Before, Tries - 1)
    end.

try_link(P) -> try link(P) catch error:noproc -> true end.

% Signals of different senders are not ordered: the exit signal of a neighbour may come before the monitor.
fell(Reason, Reason) -> ok;
fell(noproc, _) -> ok.
