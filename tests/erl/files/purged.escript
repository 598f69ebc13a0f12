#!/usr/bin/env escript
%% Funs and processes of code that is purged.
main(_) ->
    register(tester, self()),
    Funs = "-export([f/0, h/0]). f() -> fun(X) -> g(X) end. h() -> fun() -> receive stop -> 1 end end. g(0) -> 0; g(N) -> g(N - 1) + ",
    One = module(pu, Funs ++ "1."), Two = module(pu, Funs ++ "2."),
    %% A fun of code that is gone: there is another version, there is none.
    load(pu, One),
    F = pu:f(),
    io:format("~p~n", [F(10)]),
    load(pu, Two),
    io:format("~p~n", [F(10)]),
    code:purge(pu),
    io:format("~p ~p~n", [outcome(F), (pu:f())(10)]),
    G = pu:f(),
    code:delete(pu), code:purge(pu),
    io:format("~p ~p~n", [outcome(F), outcome(G)]),
    %% Others call all the time what is purged.
    T = ets:new(funs, [public]),
    Callers = [spawn_link(fun() -> call(T) end) || _ <- lists:seq(1, 8)],
    [begin
         load(pu, case N rem 2 of 0 -> One; 1 -> Two end),
         ets:insert(T, {f, pu:f()}),
         code:delete(pu),
         soft(pu)
     end || N <- lists:seq(1, 40)],
    [begin unlink(C), exit(C, kill) end || C <- Callers],
    %% A soft purge that fails leaves the funs as they were.
    load(pu, One),
    [H, K] = [pu:h(), pu:f()],
    {Waits, R} = spawn_monitor(fun() -> tester ! waits, exit(H() + 1) end),
    receive waits -> ok end,
    erlang:yield(),
    wait_in(Waits),
    code:delete(pu),
    io:format("~p ~p", [code:soft_purge(pu), K(5)]),
    Waits ! stop,
    receive {'DOWN', R, _, _, Why} -> io:format(" ~p ~p~n", [Why, code:soft_purge(pu)]) end,
    %% An on_load function that fails has started a process.
    Bad = module(pl, "-on_load(init/0). init() -> P = spawn(fun() -> loop() end), tester ! {started, P}, failed. loop() -> receive stop -> ok end, loop()."),
    error_logger:tty(false),
    logger:set_primary_config(level, none),
    io:format("~p", [code:load_binary(pl, "pl.beam", Bad)]),
    receive {started, P} -> io:format(" ~p", [is_process_alive(P)]) end,
    io:format(" ~p ~p~n", [raised(fun() -> apply(pl, '$on_load', []) end), erlang:function_exported(pl, '$on_load', 0)]),
    %% Only the purger purges.
    io:format("~p~n", [raised(fun() -> erts_internal:purge_module(lists, complete) end)]).

raised(F) -> try F() catch error:Reason -> Reason end.

module(Name, Text) ->
    {ok, Tokens, _} = erl_scan:string("-module(" ++ atom_to_list(Name) ++ "). " ++ Text),
    {ok, Name, Beam} = compile:forms(forms(Tokens, []), [nowarn_unused_function]),
    Beam.

forms([], []) -> [];
forms([{dot, _} = Dot | T], Form) ->
    {ok, F} = erl_parse:parse_form(lists:reverse(Form, [Dot])),
    [F | forms(T, [])];
forms([H | T], Form) -> forms(T, [H | Form]).

load(Name, Beam) -> {module, Name} = code:load_binary(Name, atom_to_list(Name) ++ ".beam", Beam).

outcome(F) ->
    try F(10)
    catch error:{badfun, F} -> badfun; error:undef -> undef
    end.

call(T) ->
    case ets:lookup(T, f) of
        [{f, F}] -> try F(300) catch error:_ -> ok end;
        [] -> ok
    end,
    call(T).

soft(Name) ->
    case code:soft_purge(Name) of
        true -> ok;
        false -> erlang:yield(), soft(Name)
    end.

wait_in(P) ->
    case process_info(P, status) of
        {status, waiting} -> ok;
        _ -> erlang:yield(), wait_in(P)
    end.
