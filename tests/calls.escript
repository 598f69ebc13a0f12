#!/usr/bin/env escript
%% Makes a fixture of calls of every exported function of some modules: calls.escript NAME SEED PER_FUNCTION MODULE... >tests/fixtures/f_mod_NAME.erl
%% Runs on OTP 29 (its beams hold the specs): .otp/29/bin/escript tests/calls.escript ...; for Elixir's modules with ERL_LIBS=.otp/29/elixir/lib.
%%
%% The arguments come from the functions' specs: a random term of each type, and one time in five one argument is anything. Calls that take long, need a lot of
%% memory or are not the same twice are left out, and so are those whose text is long.
-mode(compile).
-compile([nowarn_deprecated_catch]).

main([Name, Seed, Per | Ms]) ->
    logger:set_primary_config(level, none),
    support(),
    io:setopts([{encoding, utf8}]),
    Cases = lists:append([begin rand:seed(exsss, list_to_integer(Seed)), module(list_to_atom(M), 4 * list_to_integer(Per)) end || M <- Ms]),
    Groups = maps:groups_from_list(fun({M, F, A}) -> {M, F, length(A)} end, [C || C <- Cases, length(text(C)) < 90]),
    Tests = [{K, lists:sublist([As || {_, _, As} = C <- Cs, safe(C)], list_to_integer(Per))} || {K, Cs} <- lists:sort(maps:to_list(Groups))],
    io:put_chars(["%% Calls of every function: made by tests/calls.escript ", lists:join($\s, [Name, Seed, Per | Ms]), ". Do not edit.\n%% otp: 29\n",
        "-module(f_mod_", Name, ").\n-include(\"fixture.hrl\").\n-include(\"calls.hrl\").\n\n",
        "tests() -> calls([\n    ", lists:join(",\n    ", [text({M, F, A, As}) || {{M, F, A}, As} <- Tests, As =/= []]), "]).\n"]).

%% The fixtures' own way to call: their calls.hrl as a module.
support() ->
    {ok, Text} = file:read_file(filename:join([filename:dirname(escript:script_name()), "fixtures", "calls.hrl"])),
    {ok, Tokens, _} = erl_scan:string("-module(calls_support). -export([result/3]). " ++ unicode:characters_to_list(Text)),
    {ok, calls_support, Code} = compile:forms(parsed(Tokens), [nowarn_unused_function]),
    {module, _} = code:load_binary(calls_support, "calls.hrl", Code).

parsed([]) -> [];
parsed(Tokens) ->
    {Form, [Dot | Rest]} = lists:splitwith(fun(T) -> element(1, T) =/= dot end, Tokens),
    {ok, Parsed} = erl_parse:parse_form(Form ++ [Dot]),
    [Parsed | parsed(Rest)].

text(T) -> lists:flatten(io_lib:format("~0kp", [T])).

%% What depends on the time, the working folder or other processes.
unfit() -> [now, local_time, universal_time, into, to_existing_atom, utc_now, local_now, absname, family_to_digraph, group_by, from_struct, local_time_to_universal_time].

module(M, Per) ->
    Ab = abstract(M),
    Skip = [module_info, behaviour_info, '$handle_undefined_function'],
    Es = [{F, A} || {F, A} <- lists:sort(M:module_info(exports)), not lists:member(F, Skip), not lists:member(F, unfit())],
    lists:append([calls(M, F, A, specs(Ab, M, F, A), Per) || {F, A} <- Es]).

abstract(M) ->
    case get({ab, M}) of
        undefined ->
            R = case beam_lib:chunks(case code:which(M) of preloaded -> filename:join([code:root_dir(), "..", "preloaded", atom_to_list(M) ++ ".beam"]); W -> W end, [abstract_code]) of
                {ok, {_, [{_, {_, A}}]}} -> A;
                _ -> []
            end,
            put({ab, M}, R), R;
        R -> R
    end.

specs(Ab, M, F, A) ->
    lists:append([Ts || {attribute, _, spec, {FA, Ts}} <- Ab, FA =:= {F, A} orelse FA =:= {M, F, A}]).

calls(M, F, A, [], Per) -> [{M, F, [junk(3) || _ <- lists:seq(1, A)]} || _ <- lists:seq(1, case A of 0 -> 1; _ -> Per end)];
calls(M, F, 0, _, _) -> [{M, F, []}];
calls(M, F, A, Ss, Per) ->
    lists:usort([begin
        S = lists:nth(rand:uniform(length(Ss)), Ss),
        As = args(M, S),
        {M, F, case rand:uniform(5) of 1 -> mutate(As, A); _ -> As end}
     end || _ <- lists:seq(1, Per)]).

mutate(As, A) ->
    N = rand:uniform(A),
    lists:sublist(As, N - 1) ++ [junk(2)] ++ lists:nthtail(N, As).

args(M, {type, _, bounded_fun, [Fun, Cs]}) ->
    Env = maps:from_list([{V, T} || {type, _, constraint, [{atom, _, is_subtype}, [{var, _, V}, T]]} <- Cs]),
    args(M, Fun, Env);
args(M, Fun) -> args(M, Fun, #{}).
args(M, {type, _, 'fun', [{type, _, product, Ts}, _]}, Env) ->
    put(vars, #{}),
    [gen(T, M, Env, 4) || T <- Ts].

one_of(L) -> lists:nth(rand:uniform(length(L)), L).
len(D) when D =< 0 -> 0;
len(_) -> one_of([0, 1, 1, 2, 2, 3, 3, 4, 5, 8, 40]).
rep(D, F) -> [F() || _ <- lists:seq(1, case D < 2 of true -> min(3, len(D)); false -> len(D) end)].

%% A type of a spec gives a term.
gen({ann_type, _, [_, T]}, M, E, D) -> gen(T, M, E, D);
gen({paren_type, _, [T]}, M, E, D) -> gen(T, M, E, D);
gen({var, _, '_'}, _, _, D) -> junk(D);
gen({var, _, V}, M, E, D) ->
    case E of
        #{V := T} -> gen(T, M, E, D);
        _ -> % a type variable: one kind of element each call
            Kind = case get(vars) of #{V := K} -> K; Vs -> K = rand:uniform(6), put(vars, Vs#{V => K}), K end,
            elem(Kind)
    end;
gen({atom, _, A}, _, _, _) -> A;
gen({integer, _, I}, _, _, _) -> I;
gen({char, _, I}, _, _, _) -> I;
gen({op, _, _, _} = T, _, _, _) -> erl_eval_int(T);
gen({op, _, _, _, _} = T, _, _, _) -> erl_eval_int(T);
gen({type, _, range, [A, B]}, _, _, _) -> L = erl_eval_int(A), H = erl_eval_int(B), one_of([L, H, min(H, L + rand:uniform(200)), min(H, max(L, $a + rand:uniform(25)))]);
gen({type, _, union, Ts}, M, E, D) -> gen(one_of(Ts), M, E, D);
gen({type, _, T, _}, _, _, _) when T =:= integer -> one_of([0, 1, -1, 2, 3, 5, 7, 10, 16, 36, 100, -17, 255, 1000, 65536, 123456789, 1 bsl 59, -(1 bsl 60), 1 bsl 64, -(1 bsl 70) + 3]);
gen({type, _, non_neg_integer, _}, _, _, _) -> one_of([0, 1, 2, 3, 4, 5, 10, 16, 33, 127, 256, 1000, 65535, 1 bsl 32]);
gen({type, _, pos_integer, _}, _, _, _) -> one_of([1, 2, 3, 4, 5, 10, 16, 33, 100, 1 bsl 61]);
gen({type, _, neg_integer, _}, _, _, _) -> one_of([-1, -2, -7, -100]);
gen({type, _, float, _}, _, _, _) -> one_of([0.0, -0.0, 1.0, -1.5, 3.14, 1.0e300, 1.0e-300, 0.1, 123456789.125, 2.5, -2.5]);
gen({type, _, number, _}, M, E, D) -> gen({type, 0, one_of([integer, float]), []}, M, E, D);
gen({type, _, boolean, _}, _, _, _) -> one_of([true, false]);
gen({type, _, atom, _}, _, _, _) -> one_of([a, b, c, foo, 'hello world', undefined, '', 'Ä', ok, error, true]);
gen({type, _, T, _}, _, _, _) when T =:= module; T =:= node -> one_of([lists, nonode@nohost, nosuch]);
gen({type, _, T, _}, _, _, _) when T =:= char -> one_of([$a, $z, $0, $\s, $\n, $é, 955, 128512, 0, $", $\\, $.]);
gen({type, _, byte, _}, _, _, _) -> one_of([0, 1, 255, 97, 48]);
gen({type, _, arity, _}, _, _, _) -> one_of([0, 1, 2, 255]);
gen({type, _, timeout, _}, _, _, _) -> one_of([0, 1, infinity]);
gen({type, _, T, _}, _, _, _) when T =:= string; T =:= nonempty_string -> str();
gen({type, _, T, []}, _, _, _) when T =:= binary; T =:= nonempty_binary -> unicode:characters_to_binary(str());
gen({type, _, bitstring, _}, _, _, _) -> one_of([<<>>, <<1:1>>, <<5:7>>, <<1, 2, 3:4>>, <<"abc">>]);
gen({type, _, nonempty_bitstring, _}, _, _, _) -> one_of([<<1:1>>, <<5:7>>, <<1, 2, 3:4>>, <<"abc">>]);
gen({type, _, binary, [_, {integer, _, 8}]}, _, _, _) -> unicode:characters_to_binary(str());
gen({type, _, binary, [_, _]}, _, _, _) -> one_of([<<>>, <<1:1>>, <<"abc">>]);
gen({type, _, T, _}, _, _, _) when T =:= iolist; T =:= iodata -> one_of([str1(), [str1(), [<<"bin">>, 65]], <<"bin">>, [], [[], <<>>, [$a | <<"t">>]]]);
gen({type, _, nil, _}, _, _, _) -> [];
gen({type, _, T, []}, _, _, D) when T =:= list -> rep(D, fun() -> junk(D - 1) end);
gen({type, _, T, []}, _, _, D) when T =:= nonempty_list -> [junk(D - 1) | rep(D, fun() -> junk(D - 1) end)];
gen({type, _, T, [X]}, M, E, D) when T =:= list -> rep(D, fun() -> gen(X, M, E, D - 1) end);
gen({type, _, T, [X]}, M, E, D) when T =:= nonempty_list -> [gen(X, M, E, D - 1) | rep(D, fun() -> gen(X, M, E, D - 1) end)];
gen({type, _, T, [X, Y]}, M, E, D) when T =:= maybe_improper_list; T =:= nonempty_improper_list; T =:= nonempty_maybe_improper_list -> L = rep(D, fun() -> gen(X, M, E, D - 1) end), case rand:uniform(3) of 1 when L =/= [] -> L ++ gen(Y, M, E, D - 1); _ -> L end;
gen({type, _, maybe_improper_list, []}, _, _, D) -> rep(D, fun() -> junk(D - 1) end);
gen({type, _, tuple, any}, _, _, D) -> list_to_tuple(rep(D, fun() -> junk(D - 1) end));
gen({type, _, tuple, Ts}, M, E, D) -> list_to_tuple([gen(T, M, E, D - 1) || T <- Ts]);
gen({type, _, map, any}, _, _, D) -> maps:from_list(rep(D, fun() -> {junk(1), junk(D - 1)} end));
gen({type, _, map, Fs}, M, E, D) -> maps:from_list(lists:append([field(F, M, E, D - 1) || F <- Fs]));
gen({type, _, 'fun', []}, _, _, _) -> {'$fun', rand:uniform(3), rand:uniform(100)};
gen({type, _, 'fun', [{type, _, product, Ts} | _]}, _, _, _) -> {'$fun', length(Ts), rand:uniform(100)};
gen({type, _, 'fun', _}, _, _, _) -> {'$fun', rand:uniform(3), rand:uniform(100)};
gen({type, _, function, _}, _, _, _) -> {'$fun', rand:uniform(3), rand:uniform(100)};
gen({type, _, T, _}, _, _, D) when T =:= term; T =:= any; T =:= dynamic -> junk(D);
gen({type, _, T, _}, _, _, _) when T =:= pid; T =:= reference; T =:= port; T =:= identifier -> zz;
gen({type, _, T, _}, _, _, _) when T =:= mfa -> {lists, reverse, 1};
gen({type, _, T, _}, _, _, _) when T =:= none; T =:= no_return -> none;
gen({type, _, record, [{atom, _, R} | _]}, M, E, D) ->
    case [Fs || {attribute, _, record, {R1, Fs}} <- abstract(M), R1 =:= R] of
        [Fs | _] -> list_to_tuple([R | [case F of {typed_record_field, _, T} -> gen(T, M, E, D - 1); _ -> junk(1) end || F <- Fs]]);
        [] -> {R}
    end;
gen({remote_type, _, [{atom, _, M1}, {atom, _, T}, As]}, M, E, D) -> named(M1, T, As, M, E, D);
gen({user_type, _, T, As}, M, E, D) -> named(M, T, As, M, E, D);
gen({type, _, _T, _} = _X, _, _, D) -> junk(D).

field({type, _, map_field_exact, [K, V]}, M, E, D) -> [{gen(K, M, E, D), gen(V, M, E, D)}];
field({type, _, map_field_assoc, [K, V]}, M, E, D) -> rep(D, fun() -> {gen(K, M, E, D), gen(V, M, E, D)} end).

erl_eval_int(T) -> {value, V, _} = erl_eval:expr(T, []), V.

-define(IS(M, T), named(M, T, _, _, _, _)).
?IS(gb_trees, T) when T =:= tree -> gb_trees:from_orddict(orddict:from_list(pairs()));
?IS(gb_trees, iter) -> gb_trees:iterator(gb_trees:from_orddict(orddict:from_list(pairs())));
?IS(gb_trees, iterator) -> gb_trees:iterator(gb_trees:from_orddict(orddict:from_list(pairs())));
?IS(gb_sets, T) when T =:= set; T =:= gb_set -> gb_sets:from_list(keys());
?IS(gb_sets, T) when T =:= iter; T =:= iterator -> gb_sets:iterator(gb_sets:from_list(keys()));
?IS(sets, T) when T =:= set -> sets:from_list(keys(), [{version, rand:uniform(2)}]);
?IS(ordsets, T) when T =:= ordset -> ordsets:from_list(keys());
?IS(orddict, T) when T =:= orddict -> orddict:from_list(pairs());
?IS(dict, T) when T =:= dict -> dict:from_list(pairs());
?IS(queue, T) when T =:= queue -> queue:from_list(keys());
?IS(array, T) when T =:= array -> one_of([array:from_list(keys()), array:from_list(keys(), 0), array:new(5), array:fix(array:from_list(keys())), array:set(100, x, array:new())]);
?IS(maps, T) when T =:= iterator -> maps:iterator(maps:from_list(pairs()), one_of([ordered, reversed]));
?IS(rand, T) when T =:= state -> rand:seed_s(one_of([exsss, exro928ss, exsp, exrop, exs1024s]), 17);
?IS(rand, T) when T =:= alg_state -> rand:seed_s(exsss, 17);
?IS(re, T) when T =:= mp; T =:= mp_or_re -> one_of(["a+", "(b)?c", <<"[[:alpha:]]+">>]);
?IS(proplists, T) when T =:= proplist -> [one_of([a, b, {a, 1}, {b, x}, {"s", 2}, {c, 1, 2}, 17]) || _ <- keys()];
?IS(sofs, T) when T =:= binary_relation; T =:= relation -> sofs:relation([{K, V} || {K, V} <- pairs(), is_atom(V) orelse is_integer(V)], [{atom, atom}]);
?IS(sofs, T) when T =:= a_function -> sofs:a_function(orddict:from_list([{rand:uniform(9), rand:uniform(9)} || _ <- [1, 2, 3, 4]]));
?IS(sofs, T) when T =:= family -> sofs:family(orddict:from_list([{rand:uniform(9), keysi()} || _ <- [1, 2, 3, 4]]));
?IS(sofs, T) when T =:= a_set; T =:= anyset; T =:= ordset; T =:= set_of_sets -> one_of([sofs:set(keysi()), sofs:set([a, b, c]), sofs:from_term([[1, 2], [3]]), sofs:family([{a, [1, 2]}, {b, []}]), sofs:relation([{1, a}, {2, b}])]);
?IS(sofs, T) when T =:= external_set -> [{1, 2}, {3, 4}];
?IS(calendar, T) when T =:= year -> one_of([0, 1, 1600, 1900, 1970, 2000, 2023, 2024, 9999, 10000]);
?IS(unicode, T) when T =:= chardata; T =:= charlist -> chardata();
?IS(unicode, T) when T =:= unicode_binary; T =:= utf8_binary -> unicode:characters_to_binary(str());
?IS(unicode, T) when T =:= latin1_chardata; T =:= latin1_charlist -> one_of([str1(), [str1(), <<"abc", 233>>]]);
?IS(io_lib, T) when T =:= chars -> str();
?IS(io, T) when T =:= format -> one_of(["~p~n", "~w ~s", "~20p", "~-10.3w|~c", "~.2f ~e ~g", "~tp ~ts", "~b ~.16b ~.36B ~x", "~i~n~~", "~0p", "~P ~W", "~5..0b", "~*c", "~s"]);
?IS(uri_string, T) when T =:= uri_string -> one_of(["http://user:pw@host:80/p/a/../b?q=1&x=%20y#f", <<"https://é.com/a b">>, "urn:a:b", "../x/y?z", "//h:99", "http://[::1]:8/", "%zz", "", <<"a:b:c">>, "mailto:a@b"]);
?IS(file, T) when T =:= name; T =:= filename; T =:= name_all; T =:= filename_all -> one_of(["a/b/c.erl", "/x/y", <<"a/b.tar.gz">>, 'atom/x', ["a", "/b"], "", "/", "..", "a//b/", ".hidden", "ä/ö.ü"]);
?IS(erl_parse, T) when T =:= abstract_expr -> expr();
?IS(erl_parse, T) when T =:= abstract_form -> one_of(forms());
?IS(erl_parse, T) when T =:= abstract_clause -> {clause, 1, [{var, 1, 'X'}], [], [expr()]};
?IS(erl_parse, T) when T =:= abstract_type -> {type, 1, list, [{type, 1, integer, []}]};
?IS(erl_scan, T) when T =:= tokens -> case erl_scan:string(source()) of {ok, Ts, _} -> Ts; _ -> [] end;
named(M1, T, As, M, E, D) ->
    As1 = [gen(A, M, E, D) || A <- As, D > 0],
    case [{Def, Ps} || {attribute, _, K, {T1, Def, Ps}} <- abstract(M1), K =:= type orelse K =:= opaque orelse K =:= nominal, T1 =:= T, length(Ps) =:= length(As)] of
        [{Def, _} | _] when As1 =:= []; D =< 0 -> case D < -6 of true -> junk(0); false -> gen(Def, M1, #{}, D - 1) end;
        [{Def, Ps} | _] -> gen(Def, M1, maps:from_list([{P, lit(A)} || {{var, _, P}, A} <- lists:zip(Ps, As1)]), D);
        [] -> junk(D)
    end.
lit(V) -> {integer, 0, V}. % stands for itself: gen of an integer gives the value

keysi() -> [rand:uniform(6) || _ <- lists:seq(1, rand:uniform(5) - 1)].
keys() -> K = rand:uniform(6), [elem(K) || _ <- lists:seq(1, one_of([0, 1, 2, 3, 5, 8, 40]))].
pairs() -> [{K, one_of([1, 2, x, "s", {t}])} || K <- keys()].

elem(1) -> rand:uniform(12);
elem(2) -> one_of([a, b, c, d, e, true]);
elem(3) -> {rand:uniform(5), one_of([a, b, c])};
elem(4) -> one_of([1, 1.0, 2, 2.0, 3, 0, -0.0, 0.0]);
elem(5) -> {one_of([a, b, c, d, e]), one_of([1, 2, "s", [x]])};
elem(6) -> one_of([1, a, 2.0, "str", <<"bin">>, {1, 2}, [], #{}, 1 bsl 70, {a, 1, x}, {a}, {}]).

str() -> one_of(["", "abc", "Hello World", "  trim me  ", "a,b,,c", "123", "-17", "12.5e3", "åäö", [955, 8364, 128512], "e\x{301}x", "x\r\ny\n", "key=value", "1998-02-17", "T12:00:00Z", "2015-06-30T23:59:59.5+02:00", "aGVsbG8=", "aGVsbG8", "Ǆǆß", "\x{1F468}\x{200D}\x{1F469}", "{\"a\":[1,2.5,null,true]}", "[1,", "16#ff", source()]).
str1() -> one_of(["", "abc", "Hello", [233, 65], "12", "x\n\ty"]).
chardata() -> one_of([str(), unicode:characters_to_binary(str()), [str(), [unicode:characters_to_binary(str())], $x], [<<"caf", 195>>, <<169>>], [<<255>>], [16#D800], ["a" | <<"b">>], <<195>>]).
source() -> one_of(["foo(X) -> X + 1.", "1 + 2.", "case X of {a, 1.5} -> \"s\"; _ when X > 1 -> $a end.", "-module(m).", "<<X:8/little, Y/binary>>.", "[{a, 'B c'} | T].", "#{a => 1, b := 2}.", "#r{x = 1}.", "fun(X) -> X end.", "\"unterminated", "'q", "1.2.3", "\"\"\"\n  doc\n  \"\"\".", "~\"sigil\".", "maybe {ok, A} ?= f(), A end."]).
expr() -> one_of(exprs()).
exprs() -> case get(exprs) of undefined -> R = mkexprs(), put(exprs, R), R; R -> R end.
mkexprs() -> lists:append([begin {ok, Ts, _} = erl_scan:string(S), {ok, Es} = erl_parse:parse_exprs(Ts), Es end || S <- ["1 + 2.", "X = 3.", "[X || X <- [1,2,3], X > 1].", "case {a,1} of {a,Y} -> Y end.", "lists:map(fun(Z) -> Z * 2 end, [1,2]).", "#{a => 1}.", "<<1:8,\"abc\">>.", "try error(x) catch error:E -> E end.", "-5.", "not true.", "\"str\".", "{1,$a,1.5}.", "if true -> 1; false -> 2 end.", "fun lists:map/2.", "begin a, b end.", "catch throw(x)."]]).
forms() -> lists:append([begin {ok, Ts, _} = erl_scan:string(S), case erl_parse:parse_form(Ts) of {ok, F} -> [F]; _ -> [] end end || S <- ["f(X) when X > 1 -> X; f(_) -> 0.", "-module(m).", "-export([f/1]).", "-record(r, {a, b = 1 :: integer()}).", "-spec f(X) -> Y when X :: integer(), Y :: list(X).", "-type t() :: {a, b} | #{a := b}.", "-file(\"x\", 3).", "g() -> [X || {X, _} <:- z()]."]]).

junk(D) when D =< 0 -> one_of([a, 1, 0, -1, 2.5, [], {}, <<>>, "ab", #{}, undefined]);
junk(D) ->
    case rand:uniform(16) of
        1 -> one_of([0, 1, -1, 3, 1 bsl 59, 1 bsl 64, -(1 bsl 80)]); 2 -> one_of([0.0, -0.0, 1.5, 1.0e30]); 3 -> one_of([a, b, true, foo, '', undefined]);
        4 -> str(); 5 -> unicode:characters_to_binary(str()); 6 -> list_to_tuple([junk(D - 1) || _ <- lists:seq(1, rand:uniform(4) - 1)]);
        7 -> [junk(D - 1) || _ <- lists:seq(1, rand:uniform(4) - 1)]; 8 -> [junk(D - 1) | junk(D - 1)]; 9 -> maps:from_list([{junk(0), junk(D - 1)} || _ <- lists:seq(1, rand:uniform(4) - 1)]);
        10 -> <<(rand:uniform(500)):(rand:uniform(20))>>; 11 -> {'$fun', rand:uniform(3), rand:uniform(100)}; 12 -> keys(); 13 -> pairs();
        14 -> lists:seq(1, rand:uniform(50)); 15 -> list_to_binary(lists:seq(1, rand:uniform(100))); 16 -> one_of([a, [], {}, <<>>])
    end.

%% The same twice on OTP, in bounded time and memory, and short?
safe({_, F, As} = C) ->
    Grows = lists:member(F, [copy, repeat, duplicate, pad, pad_leading, pad_trailing, chars, copies, left, right, centre, pow, cycle, iterate, range]),
    case Grows andalso lists:any(fun(A) -> is_integer(A) andalso A > 10000 end, As) of
        true -> false;
        false -> tried(C)
    end.

tried(C) ->
    case sandbox(C) of
        none -> false;
        R -> sandbox(C) =:= R andalso erts_debug:flat_size(R) < 120 andalso length(text(R)) < 160 andalso string:find(text(R), "#Fun<") =:= nomatch andalso string:find(text(R), "#Function<") =:= nomatch andalso string:find(text(R), "#Ref") =:= nomatch
    end.

sandbox({M, F, As}) ->
    Self = self(),
    Run = fun() ->
        R = calls_support:result(M, F, As),
        {_, Spent} = process_info(self(), reductions),
        Self ! {result, case Spent < 300000 of true -> R; false -> none end}
    end,
    {P, Mon} = spawn_opt(Run, [monitor, {max_heap_size, #{size => 4000000, kill => true, error_logger => false}}]),
    R = receive {result, X} -> X; {'DOWN', Mon, _, _, _} -> none after 3000 -> exit(P, kill), none end,
    demonitor(Mon, [flush]),
    drain(),
    R.

drain() -> receive _ -> drain() after 0 -> ok end.
