%% Literals that are given up: code is purged and persistent terms are replaced while processes keep what they got from them in every way.
-module(conc_literals).
-export([reload/2, replaced/2, small/2, erased/2, suspended/2, exits/2]).

-define(PATIENCE, 60000).

%% The same module, again and again.
reload(Seed, N) ->
    rand:seed(exsss, Seed),
    {ok, Beam} = file:read_file("output_files/concurrency/conc_code.beam", [raw]),
    load(Beam),
    Sum = erlang:phash2({conc_code:term(), conc_code:text(), conc_code:map()}),
    Holders = holders(),
    [begin
         load(Beam),
         hold(lists:nth(rand:uniform(length(Holders)), Holders), {conc_code:term(), conc_code:text(), conc_code:map()}),
         % Where the text is looked at is kept by the binary's own pointer.
         K rem 16 =:= 0 andalso begin <<_:64, Rest/binary>> = conc_code:text(), put(rest, Rest), put({rest, K rem 64}, conc_code:map()) end,
         check_rest()
     end || K <- lists:seq(1, N)],
    {ok, stop(Holders, Sum, N) + map_size(conc_code:map())}.

load(Beam) ->
    {module, conc_code} = code:load_binary(conc_code, "conc_code.beam", Beam),
    code:purge(conc_code).

check_rest() ->
    case get(rest) of
        undefined -> ok;
        Rest -> 568 = byte_size(Rest), <<"89abcdef", _/binary>> = Rest, ok
    end.

%% Large terms under one key.
replaced(Seed, N) ->
    rand:seed(exsss, Seed),
    Holders = holders(),
    [begin
         persistent_term:put(conc_literals_key, {K, lists:seq(1, 2000), binary:copy(<<K:32>>, 100), #{K => [K], list => lists:duplicate(10, K)}}),
         {K, _, _, _} = T = persistent_term:get(conc_literals_key),
         hold(lists:nth(rand:uniform(length(Holders)), Holders), T)
     end || K <- lists:seq(1, N)],
    true = persistent_term:erase(conc_literals_key),
    {ok, stop(Holders, any, N)}.

%% Small ones under many keys.
small(Seed, N) ->
    rand:seed(exsss, Seed),
    Holders = holders(),
    [begin
         Key = {conc_small, rand:uniform(50)},
         persistent_term:put(Key, {K, [K, {K}], <<K:32>>, #{K => [K], list => [K]}}),
         hold(lists:nth(rand:uniform(length(Holders)), Holders), persistent_term:get(Key))
     end || K <- lists:seq(1, N)],
    [persistent_term:erase({conc_small, I}) || I <- lists:seq(1, 50)],
    {ok, stop(Holders, any, N)}.

%% Several erase and put at once, under names of their own and a common one.
erased(Seed, N) ->
    Me = self(),
    Pids = [spawn_link(fun() ->
                rand:seed(exsss, Seed * 10 + I),
                Kept = lists:nthtail(max(0, N - 20), [begin
                     persistent_term:put({conc_erased, I}, lists:duplicate(100, {I, K})),
                     persistent_term:put(conc_erased, lists:duplicate(100, {common, K})),
                     L = persistent_term:get({conc_erased, I}),
                     C = persistent_term:get(conc_erased, []),
                     K rem 3 =:= 0 andalso persistent_term:erase(conc_erased),
                     true = persistent_term:erase({conc_erased, I}),
                     true = length(C) =:= 100 orelse C =:= [],
                     {K, hd(L), case K > N - 20 of true -> tl(L); false -> [] end, case K > N - 20 of true -> C; false -> [] end}
                 end || K <- lists:seq(1, N)]),
                [begin {I, K} = H, 99 = length([x || {J, KK} <- T, J =:= I, KK =:= K]), [] = [x || {A, _} <- C, A =/= common] end || {K, H, T, C} <- Kept],
                Me ! {self(), N}
            end) || I <- lists:seq(1, 6)],
    Sum = lists:sum([receive {P, K} -> K after ?PATIENCE -> exit({hangs, process_info(P)}) end || P <- Pids]),
    persistent_term:erase(conc_erased),
    {ok, Sum}.

%% Processes in the middle of a long native, some of them suspended there, refer to what is given up.
suspended(Seed, N) ->
    rand:seed(exsss, Seed),
    Me = self(),
    Long = lists:seq(1, 10000),
    Pids = [spawn_link(fun() -> native(Me, Long, I, 0) end) || I <- lists:seq(1, 3)],
    [begin
         persistent_term:put(conc_native, lists:duplicate(1000, {K})),
         P = lists:nth(rand:uniform(3), Pids),
         true = erlang:suspend_process(P),
         persistent_term:put(conc_native, lists:duplicate(1000, {K, K})),
         case rand:uniform(4) of 1 -> receive after 1 -> ok end; _ -> erlang:yield() end,
         true = erlang:resume_process(P)
     end || K <- lists:seq(1, N)],
    [P ! stop || P <- Pids],
    [receive {P, ok} -> ok after ?PATIENCE -> exit({hangs, process_info(P)}) end || P <- Pids],
    true = persistent_term:erase(conc_native),
    {ok, N}.

native(Me, Long, I, N) ->
    T = persistent_term:get(conc_native, [{0}]),
    case I of
        1 -> false = lists:member(T, Long);
        2 -> T = hd(binary_to_term(term_to_binary([T | Long])));
        3 -> T = lists:last(lists:reverse(Long, [T]))
    end,
    [] = [X || X <- T, X =/= hd(T)],
    receive stop -> Me ! {self(), ok} after 0 -> native(Me, Long, I, N + 1) end.

%% -- holders: each keeps the last few in its own way --

holders() -> [{How, spawn_link(fun() -> holder(How, []) end)} || How <- [stack, dictionary, mailbox, ets, closure, map, parts]].

hold({mailbox, P}, T) -> P ! {keep, T}, P ! {hold, T};
hold({_, P}, T) -> P ! {hold, T}.

stop(Holders, Sum, N) ->
    [P ! {stop, self(), Sum} || {_, P} <- Holders],
    N = lists:sum([receive {P, K} -> K after ?PATIENCE -> exit({hangs, process_info(P)}) end || {_, P} <- Holders]).

holder(How, S) -> holder(How, S, 0).

holder(dictionary, S, N) ->
    receive
        {hold, T} -> put(N rem 4, T), holder(dictionary, S, N + 1);
        {stop, To, Sum} -> [good(T, Sum) || {_, T} <- get()], To ! {self(), N}
    end;
holder(mailbox, S, N) ->
    receive
        {hold, _} ->
            % Four of the others stay in the mailbox.
            N >= 4 andalso receive {keep, T} -> good(T, any) end,
            holder(mailbox, S, N + 1);
        {stop, To, Sum} -> kept(min(N, 4), Sum), To ! {self(), N}
    end;
holder(ets, [], N) -> holder(ets, ets:new(held, [private]), N);
holder(ets, S, N) ->
    receive
        {hold, T} -> ets:insert(S, {N rem 4, T}), holder(ets, S, N + 1);
        {stop, To, Sum} -> [good(T, Sum) || {_, T} <- ets:tab2list(S)], To ! {self(), N}
    end;
holder(closure, S, N) ->
    receive
        {hold, T} -> holder(closure, lists:sublist([fun(X) -> good(T, X) end | S], 4), N + 1);
        {stop, To, Sum} -> [F(Sum) || F <- S], To ! {self(), N}
    end;
holder(map, [], N) -> holder(map, #{}, N);
holder(map, S, N) ->
    receive
        % The keys of a map are shared by those that were made from it.
        {hold, T} -> holder(map, S#{N rem 4 => T, last => (element(tuple_size(T), T))#{list => new}}, N + 1);
        {stop, To, Sum} -> [good(T, Sum) || {K, T} <- maps:to_list(S), is_integer(K)], To ! {self(), N}
    end;
holder(parts, S, N) ->
    receive
        {hold, T} -> holder(parts, lists:sublist([tuple_to_list(T) | S], 4), N + 1);
        {stop, To, Sum} -> [good(list_to_tuple(T), Sum) || T <- S], To ! {self(), N}
    end;
holder(stack, S, N) ->
    receive
        {hold, T} when N rem 8 =:= 7 -> good(T, any), holder(stack, [T], N + 1);
        {hold, T} -> holder(stack, [T | S], N + 1);
        {stop, To, Sum} -> [good(T, Sum) || T <- S], To ! {self(), N}
    end.

kept(0, _) -> ok;
kept(K, Sum) -> receive {keep, T} -> good(T, Sum), kept(K - 1, Sum) end.

good({K, L, B, #{list := [K | _]} = M}, any) when is_integer(K) ->
    true = length(L) =:= 2000 orelse L =:= [K, {K}],
    <<K:32, _/binary>> = B,
    #{K := [K]} = M,
    ok;
good(T, any) -> 3 = tuple_size(T), ok;
good(T, Sum) -> Sum = erlang:phash2(T), ok.

%% Processes exit for a term that is given up at that moment; those who watch them get all of it.
exits(Seed, N) ->
    rand:seed(exsss, Seed),
    Term = fun(K) -> {K, [{K, I, [K + I]} || I <- lists:seq(1, 100)]} end,
    persistent_term:put(conc_exits, Term(0)),
    {Changer, Gone} = spawn_monitor(fun() -> change(Term, 1) end),
    Wrong = [begin
                 Steps = rand:uniform(30000),
                 {P, R} = spawn_monitor(fun() -> T = persistent_term:get(conc_exits), receive go -> spin(Steps), exit(T) end end),
                 Refs = [R | [monitor(process, P) || _ <- lists:seq(1, 20)]],
                 P ! go,
                 [W || Ref <- Refs, W <- wrong(Ref)]
             end || _ <- lists:seq(1, N)],
    Changer ! stop,
    receive {'DOWN', Gone, _, _, normal} -> ok after ?PATIENCE -> exit(hangs) end,
    true = persistent_term:erase(conc_exits),
    [] = lists:append(Wrong),
    {ok, N}.

wrong(Ref) ->
    receive
        {'DOWN', Ref, _, _, {K, L}} -> wrong(K, 1, L);
        {'DOWN', Ref, _, _, Got} -> [Got]
    after ?PATIENCE -> exit(hangs)
    end.

wrong(K, I, [{K, I, [S]} | T]) when S =:= K + I -> wrong(K, I + 1, T);
wrong(_, 101, []) -> [];
wrong(K, _, T) -> [{K, T}].

change(Term, K) ->
    persistent_term:put(conc_exits, Term(K)),
    receive stop -> ok after 0 -> change(Term, K + 1) end.

spin(0) -> ok;
spin(N) -> spin(N - 1).
