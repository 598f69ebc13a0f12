%% Work that takes milliseconds (natives with large arguments, large integers, collections of large heaps) while the processes that do it are looked at,
%% sent to, suspended and killed.
-module(conc_long).
-export([natives/2, wrong/2, heaps/2, killed/2]).
-compile(nowarn_deprecated_catch).

-define(MANY, 17000).

natives(Seed, N) ->
    {ok, each([fun() -> native(K rem 8, Seed + K) end || K <- lists:seq(1, N)])}.

native(0, S) ->
    L = [{K, {K, S}} || K <- lists:seq(1, ?MANY)],
    M = maps:from_list(L),
    ?MANY = map_size(M),
    L = lists:sort(maps:to_list(M));
native(1, S) ->
    M = maps:from_keys(lists:seq(1, ?MANY), S),
    S = maps:get(?MANY, M),
    error = maps:find(?MANY + 1, M);
native(2, S) ->
    A = maps:from_list([{K, a} || K <- lists:seq(1, ?MANY)]),
    B = maps:from_list([{K, S} || K <- lists:seq(?MANY div 2, 2 * ?MANY)]),
    M = maps:merge(A, B),
    2 * ?MANY = map_size(M),
    {a, S} = {maps:get(1, M), maps:get(?MANY, M)};
native(3, _) ->
    B = binary:copy(<<"h", 228/utf8, 8364/utf8, 66370/utf8>>, 40000),
    L = unicode:characters_to_list(B),
    160000 = length(L),
    B = unicode:characters_to_binary(L),
    {incomplete, L, <<226>>} = unicode:characters_to_list(<<B/binary, 226>>);
native(4, S) ->
    A = (1 bsl 250000) - S - 1,
    B = (1 bsl 200000) + S,
    % What lives beside the operands.
    {X, Y, Z} = {{S}, [S], S * 1.5},
    P = A * B,
    Q = P div B,
    R = (P + S) rem B,
    {A, S} = {Q, R},
    {{S}, [S], Z} = {X, Y, S * 1.5};
native(5, S) ->
    T = ets:new(t, []),
    true = ets:insert(T, [{K, S} || K <- lists:seq(1, ?MANY)]),
    false = ets:insert_new(T, [{K, x} || K <- lists:seq(?MANY, 2 * ?MANY)]),
    ?MANY = ets:info(T, size),
    [{7, S}] = ets:lookup(T, 7),
    true = ets:insert_new(T, [{K, x} || K <- lists:seq(?MANY + 1, 2 * ?MANY)]),
    true = ets:delete_all_objects(T),
    0 = ets:info(T, size);
native(6, S) ->
    % In a guard.
    A = (1 bsl 200000) + S,
    case {A, A} of {B, C} when B * C > C, B * C rem C =:= 0 -> ok end;
native(7, S) ->
    F = fun erlang:'*'/2,
    A = (1 bsl 200000) + S,
    0 = F(A, A) rem A.

%% What they raise is what small ones raise.
wrong(_, N) ->
    Long = lists:seq(1, ?MANY),
    {ok, each([fun() ->
        {'EXIT', {badarg, [{maps, from_list, [_], _} | _]}} = (catch maps:from_list(Long)),
        {'EXIT', {badarg, [{maps, from_keys, [_, x], _} | _]}} = (catch maps:from_keys(Long ++ y, x)),
        {'EXIT', {badarg, [{ets, insert, [no_such_table, _], _} | _]}} = (catch ets:insert(no_such_table, [{K} || K <- Long])),
        {'EXIT', {badarg, [{unicode, characters_to_binary, [_], _} | _]}} = (catch unicode:characters_to_binary(Long ++ [x])),
        try ets:insert(no_such_table, [{K} || K <- Long]) catch error:badarg -> ok end
    end || _ <- lists:seq(1, N)])}.

%% Heaps of some megabytes, with floats and binaries under way.
heaps(Seed, N) ->
    {ok, each([fun() -> heap(Seed + K) end || K <- lists:seq(1, N)])}.

heap(S) ->
    L = floats(150000, S * 1.0, []),
    150000 = length(L),
    Sum = lists:foldl(fun({F, B}, A) -> <<F:64/float>> = B, A + F end, 0.0, L),
    true = abs(Sum - 150000 * S - 150000 * 149999 / 2 * 0.5) < 1.0,
    true = erlang:garbage_collect().

floats(0, _, L) -> L;
floats(N, F, L) ->
    G = F + 0.25,
    H = G + 0.25,
    floats(N - 1, H, [{H - 0.5, <<(G - 0.25):64/float>>} | L]).

%% They are killed at any time, and nothing of theirs is left (--check-memory).
killed(Seed, N) ->
    rand:seed(exsss, Seed),
    {ok, lists:sum([begin
        {P, R} = spawn_monitor(fun() -> native(K rem 8, K), heap(K) end),
        receive after rand:uniform(12) - 1 -> ok end,
        _ = process_info(P, [memory, current_function]),
        exit(P, kill),
        receive {'DOWN', R, _, _, Why} when Why =:= killed; Why =:= normal; Why =:= noproc -> 1 end
    end || K <- lists:seq(1, N)])}.

%% Eight at a time, disturbed meanwhile; how many came to their end.
each(Funs) -> each(Funs, [], 0).

each([], [], N) -> N;
each([F | Funs], Running, N) when length(Running) < 8 ->
    each(Funs, [spawn_monitor(fun() -> F(), exit(through) end) | Running], N);
each(Funs, Running, N) ->
    {P, _} = lists:nth(rand:uniform(length(Running)), Running),
    case rand:uniform(4) of
        1 -> process_info(P, [memory, message_queue_len]);
        2 -> catch erlang:suspend_process(P), erlang:yield(), catch erlang:resume_process(P);
        3 -> P ! hello;
        4 -> erlang:garbage_collect(P, [{async, x}])
    end,
    receive
        {'DOWN', R, process, Q, through} -> each(Funs, Running -- [{Q, R}], N + 1);
        {'DOWN', _, process, _, Why} -> exit(Why);
        {garbage_collect, x, _} -> each(Funs, Running, N)
    after 3 -> each(Funs, Running, N)
    end.
