%% Runs the cases of one test suite of OTP, on whatever machine this is loaded in; scripts/conformance drives it. Every step is told at once, as one line
%% in a file, so that what was running is known when the machine itself dies:
%%   start CASE | end CASE pass|fail|skip MS REASON | suite fail|skip REASON | done       (fields with tabs between)
%% A CASE is named by the groups around it: group/group/case, with #2, #3 … when the name comes again.
-module(conformance_runner).
-export([main/1]).

-define(GRACE, 5000).           % Milliseconds for end_per_testcase of a case that was killed.

%% Plan: {Suite, ResultFile, DataDir, PrivDir, all | [CaseName], FactorOfTimeLimits, LongestLimit, quiet | show}.
main([PlanFile]) ->
    {ok, [{Suite, Result, Data, Priv, Which, Factor, Longest, Show}]} = file:consult(PlanFile),
    {ok, Out} = file:open(Result, [raw, append]),
    put(out, Out),
    put(wanted, case Which of all -> all; _ -> sets:from_list(Which, [{version, 2}]) end),
    put(limits, {Factor, Longest}),
    ok = filelib:ensure_path(Priv),
    process_flag(trap_exit, true),
    register(conformance_runner, self()),
    Real = group_leader(),
    put(leader, case Show of show -> Real; quiet -> spawn_link(fun() -> leader(Real, none) end) end),
    suite(Suite, [{data_dir, Data}, {priv_dir, Priv}, {tc_logfile, filename:join(Priv, "log")}, {watchdog, self()}]),
    say(["done"]),
    halt(0).

suite(M, Config) ->
    {module, M} = code:ensure_loaded(M),
    put(suite_limit, limit_of(info(M, suite), 30000)),
    Groups = case erlang:function_exported(M, groups, 0) of true -> M:groups(); false -> [] end,
    Tree = name_them([tree(X, Groups) || X <- all_of(M)]),
    case wanted(Tree) of
        [] -> ok;
        _ ->
            case config_function(M, init_per_suite, [Config], Config) of
                {ok, C} ->
                    run(Tree, M, C),
                    config_function(M, end_per_suite, [C], C);
                {Outcome, Why} -> say(["suite", Outcome, Why])
            end
    end.

all_of(M) ->
    try M:all() of
        L when is_list(L) -> L;
        Other -> say(["suite", "skip", text(Other)]), []
    catch C:R -> say(["suite", "fail", text({C, R})]), []
    end.

info(M, F) ->
    try M:F() of L when is_list(L) -> L; _ -> [] catch _:_ -> [] end.

%% ---- which cases there are ----

tree({group, G}, Gs) -> tree({group, G, default}, Gs);
tree({group, G, P, _Sub}, Gs) -> tree({group, G, P}, Gs);
tree({group, G, P}, Gs) ->
    {P0, L} = case lists:keyfind(G, 1, Gs) of {_, A, B} -> {A, B}; {_, B} -> {[], B}; false -> {[], []} end,
    {group, G, case P of default -> P0; _ -> P end, [tree(X, Gs) || X <- L]};
tree({testcase, F, _}, _) -> {testcase, F, F};
tree({G, P, L}, Gs) when is_list(L) -> {group, G, P, [tree(X, Gs) || X <- L]};
tree(F, _) when is_atom(F) -> {testcase, F, F}.

name_them(Tree) -> {Named, _} = name_all(Tree, "", #{}), Named.

name_all(L, Path, Seen) -> lists:mapfoldl(fun(X, S) -> name(X, Path, S) end, Seen, L).

name({group, G, P, L}, Path, Seen) ->
    {Named, Seen1} = name_all(L, Path ++ atom_to_list(G) ++ "/", Seen),
    {{group, G, P, Named}, Seen1};
name({testcase, F, _}, Path, Seen) ->
    Name = Path ++ atom_to_list(F),
    N = maps:get(Name, Seen, 0) + 1,
    Unique = case N of 1 -> Name; _ -> Name ++ "#" ++ integer_to_list(N) end,
    {{testcase, F, Unique}, Seen#{Name => N}}.

%% Only groups with something to do are entered.
wanted(Tree) -> [X || X <- Tree, is_wanted(X)].
is_wanted({group, _, _, L}) -> lists:any(fun is_wanted/1, L);
is_wanted({testcase, _, Name}) -> case get(wanted) of all -> true; Set -> sets:is_element(Name, Set) end.

%% ---- running ----

run(Tree, M, Config) -> lists:foreach(fun(X) -> step(X, M, Config) end, wanted(Tree)).

step({group, G, Props, L}, M, Config) ->
    C0 = [{tc_group_properties, [{name, G} | Props]} | lists:keydelete(tc_group_properties, 1, Config)],
    case config_function(M, init_per_group, [G, C0], C0) of
        {ok, C} ->
            run(L, M, C),
            config_function(M, end_per_group, [G, C], C);
        {Outcome, Why} -> all_are(wanted(L), Outcome, ["init_per_group: ", Why])
    end;
step({testcase, F, Name}, M, Config) ->
    say(["start", Name]),
    T0 = erlang:monotonic_time(millisecond),
    {Outcome, Why} = testcase(M, F, Config),
    say(["end", Name, Outcome, integer_to_list(erlang:monotonic_time(millisecond) - T0), Why]).

all_are(L, Outcome, Why) ->
    lists:foreach(fun({group, _, _, Sub}) -> all_are(wanted(Sub), Outcome, Why);
                     ({testcase, _, Name}) -> say(["start", Name]), say(["end", Name, Outcome, "0", Why])
                  end, L).

%% init_per_suite and the like, each in a process of its own as in common_test.
config_function(M, F, Args, Default) ->
    case erlang:function_exported(M, F, length(Args)) of
        false -> {ok, Default};
        true ->
            case in_process(fun() -> put(test_server_loc, {M, F}), {returned, apply(M, F, Args)} end, longest()) of
                {returned, L} when is_list(L) -> {ok, L};
                {returned, {skip_and_save, R, _}} -> {"skip", text(R)};
                {returned, {S, R}} when S =:= skip; S =:= skipped -> {"skip", text(R)};
                {returned, _} when F =:= end_per_suite; F =:= end_per_group -> {ok, Default};
                {returned, R} -> {"fail", text({F, R})};
                {failed, {S, R}} when S =:= skip; S =:= skipped -> {"skip", text(R)};
                {failed, R} -> {"fail", [atom_to_list(F), ": ", text(R)]}
            end
    end.

testcase(M, F, Config) ->
    put(limit, limit_of(info(M, F), get(suite_limit))),
    Self = self(),
    Result = in_process(
               fun() ->
                       put(test_server_loc, {M, F}),
                       case optional(M, init_per_testcase, [F, Config], Config) of
                           C when is_list(C) ->
                               Self ! {config, self(), C},
                               R = try {returned, M:F(C)} catch throw:X -> {returned, X}; Class:X:St -> {failed, reason(Class, X, St)} end,
                               Status = case R of {returned, _} -> ok; {failed, Why} -> {failed, Why} end,
                               ended(R, optional(M, end_per_testcase, [F, [{tc_status, Status} | C]], ok));
                           Other -> {returned, Other}
                       end
               end, infinity),
    Configured = receive {config, _, C} -> C after 0 -> none end,
    case Result of
        {failed, {died, Why}} when Configured =/= none ->
            in_process(fun() -> optional(M, end_per_testcase, [F, [{tc_status, {failed, Why}} | Configured]], ok) end, ?GRACE);
        _ -> ok
    end,
    case Result of
        {returned, {S, R}} when S =:= skip; S =:= skipped -> {"skip", text(R)};
        {returned, {skip_and_save, R, _}} -> {"skip", text(R)};
        {returned, {S, R}} when S =:= fail; S =:= failed -> {"fail", text(R)};
        {returned, {'EXIT', R}} -> {"fail", text(R)};
        {returned, _} -> {"pass", ""};
        {failed, {S, R}} when S =:= skip; S =:= skipped -> {"skip", text(R)};
        {failed, {died, {S, R}}} when S =:= skip; S =:= skipped -> {"skip", text(R)};
        {failed, {test_case_failed, R}} -> {"fail", text(R)};
        {failed, {died, {test_case_failed, R}}} -> {"fail", text(R)};
        {failed, R} -> {"fail", text(R)}
    end.

ended({returned, _}, {fail, R}) -> {failed, R};
ended(Result, _) -> Result.

optional(M, F, Args, Default) ->
    case erlang:function_exported(M, F, length(Args)) of
        true -> try apply(M, F, Args) catch throw:X -> X end;
        false -> Default
    end.

%% Runs the function in a new process under a group leader that swallows what it prints; `infinity`: the limit of the case, which ct:timetrap/1 changes.
in_process(Fun, Limit) ->
    Leader = get(leader),
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() ->
                                   group_leader(Leader, self()),
                                   Self ! {result, self(), try Fun() catch exit:{skip, R} -> {failed, {skip, R}}; C:R:St -> {failed, reason(C, R, St)} end}
                           end),
    First = case Limit of infinity -> get(limit); _ -> Limit end,
    wait(Pid, Ref, erlang:monotonic_time(millisecond) + First, Limit =:= infinity).

wait(Pid, Ref, Until, Changeable) ->
    Left = max(0, Until - erlang:monotonic_time(millisecond)),
    receive
        {result, Pid, R} -> erlang:demonitor(Ref, [flush]), R;
        {'DOWN', Ref, _, _, Why} -> {failed, {died, Why}};
        {timetrap, Limit} when Changeable -> wait(Pid, Ref, erlang:monotonic_time(millisecond) + scaled(Limit), true);
        {timetrap, _} -> wait(Pid, Ref, Until, Changeable);
        {'EXIT', _, _} -> wait(Pid, Ref, Until, Changeable)
    after Left ->
            Where = try element(2, erlang:process_info(Pid, current_stacktrace)) catch _:_ -> [] end,
            exit(Pid, kill),
            receive {'DOWN', Ref, _, _, _} -> ok after ?GRACE -> ok end,
            {failed, {died, {timetrap_timeout, [{M, F, A} || {M, F, A, _} <- lists:sublist(Where, 3)]}}}
    end.

reason(exit, {test_case_failed, R}, _) -> {test_case_failed, R};
reason(exit, R, _) -> {exit, R};
reason(throw, R, _) -> {thrown, R};
reason(error, R, Stack) -> {R, [{M, F, case A of _ when is_list(A) -> length(A); _ -> A end, proplists:get_value(line, L, 0)} || {M, F, A, L} <- lists:sublist(Stack, 3)]}.

%% ---- limits ----

limit_of(Info, Default) ->
    case lists:keyfind(timetrap, 1, Info) of {_, T} -> scaled(T); false -> Default end.

scaled(T) -> {Factor, Longest} = get(limits), min(ct:milliseconds(T) * Factor, Longest).

longest() -> element(2, get(limits)).

%% ---- a group leader: what is written is dropped, or kept between ct:capture_start and capture_stop ----

leader(Real, Kept) ->
    receive
        {io_request, From, As, Request} ->
            case written(Request) of
                no -> Real ! {io_request, From, As, Request}, leader(Real, Kept);
                Text -> From ! {io_reply, As, ok}, leader(Real, case Kept of none -> none; _ -> [Text | Kept] end)
            end;
        capture_start -> leader(Real, []);
        capture_stop -> leader(Real, none);
        {capture_get, From} ->
            From ! {captured, self(), case Kept of none -> []; _ -> lists:reverse(Kept) end},
            leader(Real, case Kept of none -> none; _ -> [] end);
        _ -> leader(Real, Kept)
    end.

written({put_chars, _, Chars}) -> flat(Chars);
written({put_chars, _, M, F, A}) -> try flat(apply(M, F, A)) catch _:_ -> "" end;
written({put_chars, Chars}) -> flat(Chars);
written({put_chars, M, F, A}) -> try flat(apply(M, F, A)) catch _:_ -> "" end;
written({requests, L}) -> case [written(R) || R <- L] of Texts -> case lists:member(no, Texts) of true -> no; false -> lists:append(Texts) end end;
written(_) -> no.

flat(Chars) -> case unicode:characters_to_list(Chars) of L when is_list(L) -> L; _ -> "" end.

%% ---- the lines ----

say(Fields) -> ok = file:write(get(out), [lists:join($\t, [clean(F) || F <- Fields]), $\n]).

clean(F) -> unicode:characters_to_binary([case C of $\t -> $\s; $\n -> $\s; $\r -> $\s; _ -> C end || C <- lists:flatten(F)]).

text(R) ->
    case io_lib:printable_unicode_list(R) of
        true when R =/= [] -> lists:sublist(R, 400);
        _ -> try lists:sublist(lists:flatten(io_lib:format("~0tP", [R, 25])), 400) catch _:_ -> "a reason that cannot be printed" end
    end.
