%% Tracing is set and taken away, and code is loaded and purged, while processes call, send, print and use tables: all schedulers stand still again and again.
-module(conc_trace).
-export([patterns/2, purges/2, measured/2, tokens/2, dying/2]).
-export([fac/1, fac/2, tail/2, thrower/1, echo/0]).

-define(PATIENCE, 60000).

%% Workers get right results whatever is traced of them.
patterns(Seed, N) ->
    Sink = spawn(fun sink/0),
    Me = self(),
    T = ets:new(conc_trace, [public, set, {write_concurrency, true}]),
    Workers = [spawn(fun() -> receive go -> ok end, Me ! {self(), done, worker(I, N, T, 0)} end) || I <- lists:seq(1, 6)],
    Setters = [spawn(fun() -> rand:seed(exsss, Seed * 10 + I), receive go -> ok end, setter(Sink, Workers), Me ! {self(), ended} end) || I <- lists:seq(1, 3)],
    [P ! go || P <- Workers ++ Setters],
    Sum = lists:sum([receive {P, done, K} -> K after ?PATIENCE -> exit({hangs, process_info(P)}) end || P <- Workers]),
    [P ! stop || P <- Setters],
    [receive {P, ended} -> ok after ?PATIENCE -> exit({hangs, process_info(P)}) end || P <- Setters],
    erlang:trace_pattern({'_', '_', '_'}, false, [local, meta, call_count, call_time, call_memory]),
    erlang:trace_pattern({'_', '_', '_'}, false, []),
    exit(Sink, kill),
    {ok, Sum}.

sink() -> receive _ -> sink() end.

worker(_, 0, _, K) -> K;
worker(I, N, T, K) ->
    3628800 = conc_trace:fac(10),
    7 = fac(3, 1) + 1,
    20 = ?MODULE:tail(20, 0),
    {caught, N} = try thrower(N) catch throw:X -> {caught, X} end,
    [3, 2, 1] = lists:reverse([1, 2, 3]),
    ets:insert(T, {I, N}),
    [{I, N}] = ets:lookup(T, I),
    self() ! {self(), N},
    receive {P, N} when P =:= self() -> ok end,
    if N rem 8 =:= 0 ->
            io:format("~s", [""]),
            {C, R} = spawn_monitor(fun() -> exit(fac(4)) end),
            receive {'DOWN', R, process, C, 24} -> ok end;
       true -> ok
    end,
    worker(I, N - 1, T, K + 1).

setter(Sink, Workers) ->
    receive stop -> ok
    after 0 ->
            _ = change(rand:uniform(14), Sink, lists:nth(rand:uniform(6), Workers)),
            setter(Sink, Workers)
    end.

change(1, Sink, W) -> quietly(fun() -> erlang:trace(W, true, [call, send, 'receive', {tracer, Sink}]) end);
change(2, Sink, W) -> quietly(fun() -> erlang:trace(W, true, [call, return_to, procs, running, garbage_collection, timestamp, {tracer, Sink}]) end);
change(3, _, W) -> quietly(fun() -> erlang:trace(W, false, [all]) end);
change(4, _, _) -> erlang:trace_pattern({?MODULE, fac, '_'}, true, [local]);
change(5, _, _) -> erlang:trace_pattern({?MODULE, '_', '_'}, [{'_', [], [{exception_trace}, {message, {caller}}]}], [local]);
change(6, _, _) -> erlang:trace_pattern({?MODULE, '_', '_'}, false, [local]);
change(7, _, _) -> erlang:trace_pattern({?MODULE, '_', '_'}, true, [call_count, call_time, call_memory]);
change(8, _, _) -> erlang:trace_pattern({?MODULE, '_', '_'}, false, [call_count, call_time, call_memory]);
change(9, _, _) -> erlang:trace_pattern({lists, reverse, '_'}, [{'_', [], [{return_trace}]}], []), erlang:trace_pattern({ets, '_', '_'}, true, [local]);
change(10, _, _) -> erlang:trace_pattern({lists, reverse, '_'}, false, []), erlang:trace_pattern({ets, '_', '_'}, false, [local]);
change(11, Sink, W) ->
    S = trace:session_create(conc, Sink, []),
    quietly(fun() -> trace:process(S, W, true, [call, return_to]) end),
    trace:function(S, {?MODULE, '_', '_'}, [{'_', [], [{return_trace}]}], [local]),
    erlang:yield(),
    case rand:uniform(2) of 1 -> trace:session_destroy(S); 2 -> forgotten end;
change(12, _, W) -> erlang:trace_info({?MODULE, fac, 1}, all), erlang:trace_info(W, flags), trace:session_info(all);
change(13, Sink, _) -> erlang:trace_pattern({?MODULE, fac, 2}, [{'_', [], [{return_trace}]}], [{meta, Sink}]);
change(14, _, _) -> erlang:trace_pattern({?MODULE, fac, 2}, false, [meta]).

%% Another tracer has it, or it has ended.
quietly(F) -> try F() catch error:badarg -> ok end.

fac(0) -> 1;
fac(N) -> N * fac(N - 1).
fac(0, A) -> A;
fac(N, A) -> fac(N - 1, A * N).
tail(0, A) -> A;
tail(N, A) -> ?MODULE:tail(N - 1, A + 1).
thrower(X) -> [throw(X)].

%% A module is loaded, traced, called, and purged, by several at once.
purges(_, N) ->
    Me = self(),
    Codes = [code(V) || V <- [1, 2, 3]],
    Sink = spawn(fun sink/0),
    Callers = [spawn(fun() -> caller(0) end) || _ <- lists:seq(1, 4)],
    [erlang:trace(P, true, [call, return_to, {tracer, Sink}]) || P <- Callers],
    Setter = spawn_link(fun() -> on_and_off(Me, 0) end),
    Loads = [begin
                 {module, conc_traced} = code:load_binary(conc_traced, "conc_traced", lists:nth(I rem 3 + 1, Codes)),
                 erlang:yield(),
                 code:purge(conc_traced),
                 if I rem 5 =:= 0 -> code:delete(conc_traced), code:purge(conc_traced); true -> ok end,
                 1
             end || I <- lists:seq(1, N)],
    unlink(Setter),
    exit(Setter, kill),
    [begin R = monitor(process, P), P ! stop, receive {'DOWN', R, _, _, normal} -> ok; {'DOWN', R, _, _, killed} -> ok; {'DOWN', R, _, _, noproc} -> ok after ?PATIENCE -> exit({hangs, process_info(P)}) end end || P <- Callers],
    erlang:trace_pattern({conc_traced, '_', '_'}, false, [local, call_time, call_memory]),
    erlang:trace_pattern({conc_traced, '_', '_'}, false, []),
    exit(Sink, kill),
    {ok, lists:sum(Loads)}.

code(V) ->
    Forms = [{attribute, 1, module, conc_traced}, {attribute, 1, export, [{f, 1}, {g, 1}]},
             {function, 2, f, 1, [{clause, 2, [{var, 2, 'X'}], [], [{tuple, 2, [{call, 2, {atom, 2, g}, [{var, 2, 'X'}]}, {integer, 2, V}]}]}]},
             {function, 3, g, 1, [{clause, 3, [{var, 3, 'X'}], [], [{call, 3, {remote, 3, {atom, 3, lists}, {atom, 3, seq}}, [{integer, 3, 1}, {var, 3, 'X'}]}]}]}],
    {ok, conc_traced, Code} = compile:forms(Forms, []),
    Code.

caller(K) ->
    receive stop -> ok
    after 0 ->
            try conc_traced:f(3) of
                {[1, 2, 3], V} when V >= 1, V =< 3 -> ok
            catch error:undef -> erlang:yield()
            end,
            caller(K + 1)
    end.

on_and_off(Me, I) ->
    case I rem 6 of
        0 -> erlang:trace_pattern({conc_traced, '_', '_'}, [{'_', [], [{return_trace}]}], [local]);
        1 -> erlang:trace_pattern({conc_traced, '_', '_'}, true, [call_time, call_memory]);
        2 -> erlang:trace_pattern({conc_traced, '_', '_'}, true, []);
        3 -> erlang:trace_info({conc_traced, f, 1}, all);
        4 -> erlang:trace_pattern(on_load, true, [local]);
        5 -> erlang:trace_pattern({conc_traced, '_', '_'}, false, [local]), erlang:trace_pattern(on_load, false, [local])
    end,
    erlang:yield(),
    on_and_off(Me, I + 1).

%% No call is lost by call_count and call_time, from however many processes.
measured(_, N) ->
    erlang:trace_pattern({?MODULE, tail, 2}, true, [call_count, call_time, call_memory]),
    Me = self(),
    Pids = [spawn(fun() -> receive go -> ok end, [20 = tail(20, 0) || _ <- lists:seq(1, N)], Me ! {self(), done}, receive stop -> ok end end) || _ <- lists:seq(1, 8)],
    [erlang:trace(P, true, [call]) || P <- Pids],
    [P ! go || P <- Pids],
    [receive {P, done} -> ok after ?PATIENCE -> exit({hangs, process_info(P)}) end || P <- Pids],
    {call_count, C} = erlang:trace_info({?MODULE, tail, 2}, call_count),
    {call_time, T} = erlang:trace_info({?MODULE, tail, 2}, call_time),
    {call_memory, M} = erlang:trace_info({?MODULE, tail, 2}, call_memory),
    erlang:trace_pattern({?MODULE, tail, 2}, false, [call_count, call_time, call_memory]),
    {C, C, C, 8} = {C, lists:sum([K || {_, K, S, U} <- T, S >= 0, U >= 0]), lists:sum([K || {_, K, _} <- M]), length(T)},
    [P ! stop || P <- Pids],
    {ok, C}.

%% A token goes round; reset_trace in between takes it from all.
tokens(Seed, N) ->
    Tracer = spawn(fun sink/0),
    false = seq_trace:set_system_tracer(Tracer),
    Me = self(),
    Pids = [spawn(fun() -> rand:seed(exsss, Seed + I), Me ! {self(), done, tokened(N, 0)} end) || I <- lists:seq(1, 6)],
    Sum = lists:sum([receive {P, done, K} -> K after ?PATIENCE -> exit({hangs, process_info(P)}) end || P <- Pids]),
    Tracer = seq_trace:set_system_tracer(false),
    exit(Tracer, kill),
    {ok, Sum}.

tokened(0, K) -> seq_trace:set_token([]), K;
tokened(N, K) ->
    seq_trace:set_token(label, {label, N, [self()]}),
    seq_trace:set_token(send, true),
    seq_trace:set_token('receive', true),
    E = spawn_link(fun echo/0),
    E ! {self(), N},
    receive {E, N} -> ok after ?PATIENCE -> exit(lost) end,
    case rand:uniform(20) of
        1 -> seq_trace:reset_trace();
        2 -> garbage_collect();
        _ -> ok
    end,
    unlink(E),
    E ! stop,
    tokened(N - 1, K + 1).

echo() ->
    receive
        {P, X} -> garbage_collect(), P ! {self(), X}, echo();
        stop -> ok
    end.

%% Tracers and tracees end while they trace.
dying(Seed, N) ->
    rand:seed(exsss, Seed),
    erlang:trace_pattern({?MODULE, '_', '_'}, [{'_', [], [{return_trace}]}], [local]),
    Sum = lists:sum([dies(I) || I <- lists:seq(1, N)]),
    erlang:trace_pattern({?MODULE, '_', '_'}, false, [local]),
    {ok, Sum}.

dies(I) ->
    Tracer = spawn(fun sink/0),
    Tracees = [spawn_monitor(fun() -> receive go -> ok end, busy(rand:uniform(50)) end) || _ <- lists:seq(1, 4)],
    [true = is_integer(erlang:trace(P, true, [call, procs, send, 'receive', running, return_to, set_on_spawn, {tracer, Tracer}])) || {P, _} <- Tracees],
    [P ! go || {P, _} <- Tracees],
    case I rem 3 of 0 -> exit(Tracer, kill); 1 -> erlang:yield(), exit(Tracer, kill); 2 -> ok end,
    [receive {'DOWN', R, _, _, normal} -> ok after ?PATIENCE -> exit({hangs, process_info(P)}) end || {P, R} <- Tracees],
    exit(Tracer, kill),
    1.

busy(0) -> ok;
busy(N) ->
    fac(5),
    {P, R} = spawn_monitor(fun() -> fac(3) end),
    receive {'DOWN', R, process, P, normal} -> ok after ?PATIENCE -> exit(lost) end,
    busy(N - 1).
