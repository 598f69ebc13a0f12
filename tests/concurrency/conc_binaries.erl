%% Large terms between processes: binaries by reference, long messages, tables.
-module(conc_binaries).
-export([shared/2, appended/2, large/2, ets_tables/2, persistent/2, counters/2]).

-define(PATIENCE, 60000).

%% One binary of a megabyte goes to many; parts of it go on and come back.
shared(Seed, N) ->
    rand:seed(exsss, Seed),
    Size = 1 bsl 20,
    Big = binary:copy(list_to_binary([K band 255 || K <- lists:seq(0, 4095)]), Size div 4096),
    Hash = erlang:crc32(Big),
    Me = self(),
    Pids = [spawn_link(fun() -> cutter() end) || _ <- lists:seq(1, 8)],
    [P ! {cut, Me, Big, rand:uniform(Size div 2), rand:uniform(Size div 2)} || _ <- lists:seq(1, N), P <- Pids],
    Parts = [receive {part, At, Part} -> Part = binary:part(Big, At, byte_size(Part)), 1 after ?PATIENCE -> exit(no_part) end || _ <- lists:seq(1, N), _ <- Pids],
    Hash = erlang:crc32(Big),
    [begin unlink(P), exit(P, kill) end || P <- Pids],
    {ok, lists:sum(Parts)}.

cutter() ->
    receive
        {cut, To, Big, At, Length} ->
            <<_:At/binary, Part:Length/binary, _/binary>> = Big,
            To ! {part, At, Part},
            cutter()
    end.

%% Several append to the same binary: each to its own copy.
appended(_, N) ->
    Me = self(),
    Base = lists:foldl(fun(K, B) -> <<B/binary, K:32>> end, <<>>, lists:seq(1, 100)),
    Pids = [spawn_link(fun() -> receive {base, B} -> Me ! {self(), grow(B, I, N)} end end) || I <- lists:seq(1, 8)],
    [P ! {base, Base} || P <- Pids],
    Mine = grow(Base, 0, N),
    [receive {P, B} -> B = grow(Base, I, N) after ?PATIENCE -> exit(no_binary) end || {I, P} <- lists:zip(lists:seq(1, 8), Pids)],
    {ok, byte_size(Mine)}.

grow(B, _, 0) -> B;
grow(B, I, N) -> grow(<<B/binary, I:8, N:24>>, I, N - 1).

%% Large messages round a ring, with everything in them.
large(_, N) ->
    Message = {lists:seq(1, 2000), maps:from_list([{K, {K, [K]}} || K <- lists:seq(1, 200)]), binary:copy(<<"x">>, 1000), make_ref(), self(), 1 bsl 500, 1.5, fun(X) -> X + N end},
    Me = self(),
    Last = lists:foldl(fun(_, To) -> spawn_link(fun() -> pass(To) end) end, Me, lists:seq(1, 10)),
    [begin Last ! {K, Message}, receive {K, M} -> M = Message after ?PATIENCE -> exit(lost) end end || K <- lists:seq(1, N)],
    Last ! stop,
    receive stop -> ok after ?PATIENCE -> exit(no_stop) end,
    F = element(8, Message),
    {ok, F(0)}.

pass(To) -> receive stop -> To ! stop; M -> To ! M, pass(To) end.

%% Tables used by all.
ets_tables(Seed, N) ->
    T = ets:new(conc, [public, set, {write_concurrency, true}]),
    O = ets:new(conc, [public, ordered_set]),
    Me = self(),
    Pids = [spawn_link(fun() ->
                rand:seed(exsss, Seed + I),
                [begin
                     ets:update_counter(T, total, 1, {total, 0}),
                     ets:insert(O, {{I, K}, lists:seq(1, K band 15)}),
                     ets:insert(T, {rand:uniform(100), I, binary:copy(<<K>>, 100)}),
                     case ets:lookup(T, rand:uniform(100)) of [] -> ok; [{_, _, <<_:100/binary>>}] -> ok end,
                     K rem 3 =:= 0 andalso ets:delete(T, rand:uniform(100))
                 end || K <- lists:seq(1, N)],
                Own = ets:new(own, []),
                ets:insert(Own, {a, I}),
                Me ! {self(), done}
            end) || I <- lists:seq(1, 6)],
    [receive {P, done} -> ok after ?PATIENCE -> exit({hangs, process_info(P)}) end || P <- Pids],
    [{total, Total}] = ets:lookup(T, total),
    Total = ets:info(O, size),
    Total = length([1 || {{_, K}, L} <- ets:tab2list(O), length(L) =:= K band 15]),
    true = ets:delete(T),
    true = ets:delete(O),
    {ok, Total}.

%% Persistent terms read by all while one changes them.
persistent(_, N) ->
    persistent_term:put(conc_key, {0, lists:seq(1, 10)}),
    Me = self(),
    Pids = [spawn_link(fun() -> Me ! {self(), reads(N, 0)} end) || _ <- lists:seq(1, 6)],
    [persistent_term:put(conc_key, {K, lists:seq(1, K rem 20)}) || K <- lists:seq(1, N)],
    Sum = lists:sum([receive {P, K} -> K after ?PATIENCE -> exit(hangs) end || P <- Pids]),
    true = persistent_term:erase(conc_key),
    {ok, Sum}.

reads(0, Sum) -> Sum;
reads(N, Sum) ->
    {K, L} = persistent_term:get(conc_key),
    true = K =:= 0 orelse length(L) =:= K rem 20,
    reads(N - 1, Sum + 1).

%% Counters of all.
counters(_, N) ->
    A = atomics:new(2, []),
    C = counters:new(2, [write_concurrency]),
    Me = self(),
    Pids = [spawn_link(fun() -> [begin atomics:add(A, 1, 1), counters:add(C, 2, 1), exchange(A) end || _ <- lists:seq(1, N)], Me ! {self(), done} end) || _ <- lists:seq(1, 6)],
    [receive {P, done} -> ok after ?PATIENCE -> exit(hangs) end || P <- Pids],
    Total = atomics:get(A, 1),
    Total = counters:get(C, 2),
    Total = atomics:get(A, 2),
    U = lists:usort([erlang:unique_integer() || _ <- lists:seq(1, N)]),
    N = length(U),
    {ok, Total}.

exchange(A) ->
    V = atomics:get(A, 2),
    case atomics:compare_exchange(A, 2, V, V + 1) of ok -> ok; _ -> exchange(A) end.
