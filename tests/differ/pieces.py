"""What generated programs are made of besides expressions: functions of their own that values go through, what raises, guard tests, options of the compiler."""

HELPERS = {
    "ets_count": "ets_count(L) -> T = ets:new(t, [ordered_set, private]), true = ets:insert(T, [{X} || X <- L]), N = ets:info(T, size), true = ets:delete(T), N.",
    "bin_sum": "bin_sum(<<X:7/signed, R/bits>>, A) -> bin_sum(R, A + X); bin_sum(_, A) -> A.",
    "rev_loop": "rev_loop([H | T], A) -> rev_loop(T, [H | A]); rev_loop([], A) -> A.",
    "ord": "ord(X) when is_integer(X) -> 1; ord(X) when is_float(X) -> 2; ord(X) when is_atom(X) -> 3; ord(X) when is_tuple(X) -> 4; ord(X) when is_map(X) -> 5; ord([]) -> 6; "
           "ord([_ | _]) -> 7; ord(X) when is_binary(X) -> 8; ord(X) when is_bitstring(X) -> 9; ord(_) -> 10.",
    "via_ets": "via_ets(V) -> T = ets:new(t, [set]), true = ets:insert(T, {1, V}), [{1, X}] = ets:lookup(T, 1), true = ets:delete(T), X.",
    "via_process": "via_process(F) -> {P, M} = spawn_monitor(fun() -> exit(try {ok, F()} catch C:R -> {C, R} end) end), "
                   "receive {'DOWN', M, process, P, {ok, X}} -> X; {'DOWN', M, process, P, {C, R}} -> erlang:raise(C, R, []) end.",
    "via_exit": "via_exit(F) -> Old = process_flag(trap_exit, true), P = spawn_link(fun() -> exit(try {ok, F()} catch C:R -> {C, R} end) end), "
                "Result = receive {'EXIT', P, R} -> R end, process_flag(trap_exit, Old), case Result of {ok, X} -> X; {C, W} -> erlang:raise(C, W, []) end.",
    "via_server": "via_server(V) -> P = spawn(fun() -> server(0) end), P ! {noise, V}, R = make_ref(), P ! {self(), R, V}, receive {R, 1, X} -> P ! stop, X end.",
    "server": "server(N) -> receive {From, R, V} when is_reference(R) -> From ! {R, N, V}, server(N); {noise, _} -> server(N + 1); stop -> ok end.",
    "via_alias": "via_alias(V) -> A = alias([reply]), spawn(fun() -> A ! {A, V}, A ! {A, lost} end), receive {A, X} -> X end.",
    "via_timer": "via_timer(V) -> R = erlang:start_timer(0, self(), V), X = receive {timeout, R, Y} -> Y end, false = erlang:cancel_timer(R), X.",
    "via_send_after": "via_send_after(V) -> T = erlang:send_after(100000, self(), late), erlang:send_after(1, self(), {T, V}), receive {T, X} -> true = is_integer(erlang:cancel_timer(T)), X end.",
    "via_killed": "via_killed(V) -> {P, M} = spawn_monitor(fun() -> receive never -> ok end end), exit(P, {shot, V}), receive {'DOWN', M, process, P, {shot, X}} -> X end.",
    "via_links": "via_links(V) -> Old = process_flag(trap_exit, true), P = spawn_link(fun() -> spawn_link(fun() -> exit({v, V}) end), receive never -> ok end end), "
                 "X = receive {'EXIT', P, {v, Y}} -> Y end, process_flag(trap_exit, Old), X.",
    "pmap": "pmap(F, L) -> Me = self(), Ps = [spawn_monitor(fun() -> Me ! {self(), try {ok, F(X)} catch C:R -> {C, R} end} end) || X <- L], "
            "[receive {P, {ok, Y}} -> true = erlang:demonitor(M, [flush]), Y; {P, {C, R}} -> true = erlang:demonitor(M, [flush]), {C, R} end || {P, M} <- Ps].",
    "via_select": "via_select(K, V) -> T = ets:new(t, [ordered_set, public]), ets:insert(T, [{K, V}, {{K}, other}, {zzz, 1, 2}]), "
                  "R = ets:select(T, [{{'$1', '$2'}, [{'=:=', '$1', {const, K}}], ['$2']}]), 1 = ets:select_delete(T, [{{'_', other}, [], [true]}]), true = ets:delete(T), hd(R).",
    "via_bag": "via_bag(L) -> T = ets:new(t, [duplicate_bag]), ets:insert(T, [{N, X} || {N, X} <- lists:enumerate(L)]), "
               "R = [ets:lookup_element(T, N, 2) || N <- lists:seq(1, ets:info(T, size))], ets:delete(T), lists:append(R).",
    "via_counter": "via_counter(L) -> T = ets:new(t, [set]), C = counters:new(1, []), [begin ets:update_counter(T, n, 1, {n, 0}), counters:add(C, 1, 2) end || _ <- L], "
                   "[{n, N}] = ets:lookup(T, n), ets:delete(T), N + counters:get(C, 1).",
    "via_term": "via_term(V) -> persistent_term:put({d, self()}, V), X = persistent_term:get({d, self()}), persistent_term:erase({d, self()}), X.",
    "stack": "stack(S) -> [{M, F, if is_list(A) -> length(A); true -> A end, proplists:get_value(line, L, 0)} || {M, F, A, L} <- S, M =/= differ_run].",
    "swap": "swap(A, B) -> {X, _} = swap2(B, A), X.",
    "swap2": "swap2(A, B) -> {B, A}.",
    # Loops take lists and bitstrings only up to a length: what a loop builds may double in each turn.
    "few": "few([A, B, C, D, E, F | _]) -> [A, B, C, D, E, F]; few(L) -> L.",
    "few_bits": "few_bits(<<B:64/bits, _/bits>>) -> B; few_bits(B) -> B.",
    "trace": "trace(N, V) -> case get(log) of undefined -> put(log, [N]); L when length(L) < 100 -> put(log, [N | L]); _ -> ok end, V.",
}

PLAIN_TYPES = {"int", "float", "num", "atom", "bool", "bin", "bits", "str", "any", "iol"}
EXTERNAL = {("int", "int"): ["fun erlang:abs/1", "fun erlang:'bnot'/1", "fun erlang:'-'/1"], ("int", "bin"): ["fun erlang:byte_size/1", "fun binary:decode_unsigned/1"],
            ("bin", "int"): ["fun erlang:integer_to_binary/1"], ("str", "int"): ["fun erlang:integer_to_list/1"], ("float", "int"): ["fun erlang:float/1"],
            ("bool", "int"): ["fun erlang:is_integer/1"], ("str", "str"): ["fun lists:reverse/1", "fun string:uppercase/1"], ("atom", "bool"): ["fun erlang:'not'/1"]}
CAUGHT = [("error:", "badarith"), ("error:", "badarg"), ("error:", "{badmatch, _}"), ("error:", "{case_clause, _}"), ("error:", "function_clause"), ("error:", "V"), ("throw:", "$"), ("throw:", "V"),
          ("", "V"), ("exit:", "$"), ("exit:", "V"), ("error:", "$"), ("", "$"), ("error:", "{badkey, _}"), ("error:", "_"), ("_:", "{_, _}")]
WRONG = ["hd([])", "element(3, {1, 2})", "binary_to_integer(<<\"x1\">>)", "(1 div differ_run:id(0))", "(a + differ_run:id(1))", "apply(differ_run, nothing, [])", "lists:reverse(differ_run:id(a))",
         "map_get(a, #{})", "(fun(1) -> 2 end)(differ_run:id(3))", "(differ_run:id(ok))(1)", "(fun(A) -> A end)(1, differ_run:id(2))", "length([a | b])", "atom_to_list(differ_run:id(1))",
         "<<(differ_run:id(a))/binary>>", "<<(differ_run:id(1)):(differ_run:id(-1))>>", "list_to_binary([256])", "tuple_size(differ_run:id([]))", "maps:get(x, #{y => 1})", "(differ_run:id(1))#{a => 1}",
         "not differ_run:id(1)", "(differ_run:id(1) andalso true)", "(1 bsl differ_run:id(a))", "binary_to_term(<<131, 255>>)", "math:sqrt(-1)", "[X || X <- differ_run:id(1)]", "<< <<X>> || <<X>> <= differ_run:id(a)>>",
         "lists:nth(0, [])", "1.0e308 * differ_run:id(10)", "round(differ_run:id(a))", "integer_to_list(10, differ_run:id(99))", "exit(normal)", "throw({a, b})", "error({a, 1}, [1, 2])", "list_to_atom(differ_run:id(1))"]
TESTS = ["is_integer(%s)", "is_float(%s)", "is_atom(%s)", "is_list(%s)", "is_tuple(%s)", "is_map(%s)", "is_binary(%s)", "is_bitstring(%s)", "is_number(%s)", "is_boolean(%s)", "is_function(%s)",
         "is_function(%s, 1)", "is_map_key(a, %s)", "is_map_key(1, %s)", "is_record(%s, r0, 2)", "(hd(%s) > 1)", "(tl(%s) =:= [])", "(element(1, %s) == ok)", "(length(%s) > 1)", "%s", "is_pid(%s)",
         "(node(%s) == nonode@nohost)", "(size(%s) > 2)", "(tuple_size(%s) == 2)", "(map_size(%s) < 3)", "(%s == 0)", "(%s =:= 0.0)", "(byte_size(%s) > 0)", "(%s > a)", "(abs(%s) > 5)", "(%s =/= [])",
         "(map_get(1, %s) == 1)", "is_reference(%s)", "(bit_size(%s) rem 8 == 0)"]
# Not no_postopt: OTP 29 ends with a segmentation fault on some of what it gives.
OPTIONS = ["[]", "[no_copt]", "[no_type_opt]", "[no_ssa_opt]", "[no_bool_opt]", "[inline]", "[no_bsm_opt]", "[no_module_opt]", "[no_recv_opt]", "[no_share_opt]", "[no_throw_opt]", "[{inline_size,100},inline]",
           "[no_stack_trimming]", "[no_fun_opt,no_module_opt]", "[no_copt,no_ssa_opt,no_bool_opt,no_type_opt]", "[beam_debug_info]", "[line_coverage]", "[no_line_info]", "[inline_list_funcs]",
           "[r26]", "[r27]", "[r28]", "[no_ssa_opt_live,no_ssa_opt_cse,no_ssa_opt_ranges,no_ssa_opt_float]"]
OPTION_WEIGHTS = [50, 4, 5, 4, 2, 4, 2, 3, 1, 1, 1, 2, 2, 2, 4, 3, 2, 1, 2, 2, 1, 1, 1]
