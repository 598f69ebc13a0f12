#!/usr/bin/env escript
%% Makes a fixture of random functions: generate.escript MODULE SEED CASES >tests/fixtures/MODULE.erl
%%
%% Well-typed functions over integers (small and big), floats, atoms, booleans, lists, tuples, maps and bit strings, with guards, case, try, comprehensions, bit
%% syntax and funs. Nothing loops: functions call only earlier ones. What raises is caught by the test, so a wrong exception shows as well. The same seed gives
%% the same module on any OTP from 25 on, and only what OTP 25's compiler knows is used.
-mode(compile).

main([Module, Seed, Cases]) ->
    rand:seed(exsss, list_to_integer(Seed)),
    put(functions, []),
    Fs = [function(N) || N <- lists:seq(1, list_to_integer(Cases))],
    io:setopts([{encoding, utf8}]),
    io:put_chars([
        "%% Random functions: made by tests/generate.escript ", Module, " ", Seed, " ", Cases, ". Do not edit.\n",
        "-module(", Module, ").\n-include(\"fixture.hrl\").\n-compile(nowarn_export_all).\n\n",
        "tests() ->\n    [", lists:join(",\n     ", [tests(F) || F <- Fs]), "].\n\n",
        [Text || {_, _, _, Text} <- Fs]]).

-define(TYPES, [int, int, int, float, bool, atom, {list, int}, {list, any}, {tuple, [int, any]}, map, bin, bin, any]).

pick(L) -> lists:nth(rand:uniform(length(L)), L).
chance(N) -> rand:uniform(N) =:= 1.
fresh(P) -> N = case get(n) of undefined -> 1; X -> X end, put(n, N + 1), P ++ integer_to_list(N).

function(N) ->
    put(n, 1),
    Name = "f" ++ integer_to_list(N),
    Types = [pick(?TYPES) || _ <- lists:seq(1, 1 + rand:uniform(3))],
    Result = pick(?TYPES),
    Vars = [{fresh("A"), T} || T <- Types],
    Heads = lists:join(", ", [V || {V, _} <- Vars]),
    Body = [Name, "(", Heads, ") ->\n    ", body(Result, Vars, 5), ".\n\n"],
    Two = case chance(3) of
        true -> [Name, "(", Heads, ") when ", guard(Vars), " ->\n    ", body(Result, Vars, 4), ";\n", Body];
        false -> Body
    end,
    put(functions, [{Name, Types, Result} | lists:sublist(get(functions), 5)]),
    {Name, Types, Result, Two}.

tests({Name, Types, _, _}) ->
    Calls = [[Name, "(", lists:join(", ", [["id(", value(T), ")"] || T <- Types]), ")"] || _ <- lists:seq(1, 3)],
    ["?T(", Name, ", [", lists:join(", ", [["safe(fun() -> ", C, " end)"] || C <- Calls]), "])"].

%% -- values: arguments of the calls --

value(int) -> integer();
value(float) -> pick(["0.0", "1.0", "-1.5", "3.25", "1.0e300", "-2.5e-300", "0.1", "123456789.75", "9007199254740993.0"]);
value(bool) -> pick(["true", "false"]);
value(atom) -> pick(["a", "b", "c", "undefined", "'x y'"]);
value({list, T}) -> ["[", lists:join(", ", [value(T) || _ <- lists:seq(1, rand:uniform(5) - 1)]), "]"];
value({tuple, Ts}) -> ["{", lists:join(", ", [value(T) || T <- Ts]), "}"];
value(map) -> ["#{", lists:join(", ", [[K, " => ", value(any)] || K <- keys()]), "}"];
value(bin) -> pick(["<<>>", "<<1,2,3,4,5,6,7,8,9>>", "<<\"hello world\">>", "<<255,128,0,1:1>>", "<<5:3>>", "<<206,187,226,130,172>>", "<<(-1):100>>", "<<1.5/float,2:16/little>>"]);
value(any) -> value(pick([int, int, float, atom, bool, {list, int}, {tuple, [int, atom]}, map, bin])).

integer() ->
    pick([integer_to_list(rand:uniform(200) - 100), integer_to_list(rand:uniform(200) - 100),
        pick(["576460752303423487", "576460752303423488", "-576460752303423488", "-576460752303423489", "18446744073709551615", "18446744073709551616",
            "-9223372036854775808", "9223372036854775807", "1208925819614629174706177", "-340282366920938463463374607431768211456", "4294967296", "65535", "16777216"])]).

keys() -> lists:usort([pick(["a", "b", "c", "1", "2", "{x}", "<<\"k\">>", "1.0"]) || _ <- lists:seq(1, rand:uniform(5) - 1)]).

%% -- bodies and expressions: T the type wanted, E the variables there are, D how deep to go --

body(T, E, D) ->
    case rand:uniform(4) of
        1 -> V = fresh("V"), T1 = pick(?TYPES), [V, " = ", expr(T1, E, D - 1), ",\n    ", body(T, [{V, T1} | E], D - 1)];
        2 when D > 1 -> T1 = pick([{tuple, [int, any]}, {list, int}, bin, map]), {P, E1} = pattern(T1, E, 2), ["case ", expr(T1, E, D - 1), " of ", P, " -> ", body(T, E1, D - 1), "; ", fresh("_V"), " -> ", expr(T, E, D - 2), " end"];
        _ -> expr(T, E, D)
    end.

vars(any, E) -> [V || {V, _} <- E];
vars(T, E) -> [V || {V, T1} <- E, T1 =:= T].

expr(T, E, D) when D =< 0 -> case vars(T, E) of [] -> value(T); Vs -> case chance(6) of true -> value(T); false -> pick(Vs) end end;
expr(T, E, D) ->
    case rand:uniform(14) of
        1 -> expr(T, E, 0);
        2 -> cases(T, E, D);
        3 -> tries(T, E, D);
        4 -> call(T, E, D);
        5 -> ["begin ", body(T, E, D - 1), " end"];
        6 -> ["if ", guard(E), " -> ", expr(T, E, D - 1), "; true -> ", expr(T, E, D - 2), " end"];
        7 -> funs(T, E, D);
        _ -> of_type(T, E, D)
    end.

call(T, E, D) ->
    case [{N, Ts} || {N, Ts, T1} <- get(functions), T1 =:= T] of
        [] -> of_type(T, E, D);
        Fs -> {N, Ts} = pick(Fs), [N, "(", lists:join(", ", [expr(X, E, D - 2) || X <- Ts]), ")"]
    end.

cases(T, E, D) ->
    T1 = pick(?TYPES),
    Clauses = [begin {P, E1} = pattern(T1, E, 2), [P, case chance(2) of true -> [" when ", guard(E1)]; false -> "" end, " -> ", expr(T, E1, D - 2)] end || _ <- lists:seq(1, rand:uniform(3))],
    Last = case chance(8) of true -> []; false -> [[fresh("_V"), " -> ", expr(T, E, D - 2)]] end,
    ["case ", expr(T1, E, D - 1), " of ", lists:join("; ", Clauses ++ Last), " end"].

tries(T, E, D) ->
    C = fresh("C"), R = fresh("R"),
    Body = case rand:uniform(4) of
        1 -> ["throw(", expr(any, E, D - 2), ")"];
        2 -> ["error(", expr(any, E, D - 2), ")"];
        _ -> expr(T, E, D - 1)
    end,
    Of = case chance(3) of true -> V = fresh("V"), [" of ", V, " -> ", expr(T, [{V, T} | E], D - 2)]; false -> "" end,
    Catch = pick([["throw:", R], ["error:", R], [C, ":", R], ["error:badarg"], ["error:badarith"]]),
    E1 = case lists:flatten(Catch) of "error:bad" ++ _ -> E; _ -> [{R, any} | E] end,
    After = case chance(4) of true -> [" after ", expr(any, E, D - 3)]; false -> "" end,
    ["try ", Body, Of, " catch ", Catch, " -> ", expr(T, E1, D - 2), After, " end"].

funs(T, E, D) ->
    T1 = pick(?TYPES), V = fresh("X"),
    case rand:uniform(3) of
        1 -> ["(fun(", V, ") -> ", expr(T, [{V, T1} | E], D - 2), " end)(", expr(T1, E, D - 2), ")"];
        2 -> F = fresh("F"), ["begin ", F, " = id(fun(", V, ") -> ", expr(T, [{V, T1} | E], D - 2), " end), ", F, "(", expr(T1, E, D - 2), ") end"];
        3 -> {P, E1} = pattern(T1, E, 1), ["(fun(", P, ") -> ", expr(T, E1, D - 2), "; (_) -> ", expr(T, E, D - 2), " end)(", expr(T1, E, D - 2), ")"]
    end.

op(T1, Ops, T2, E, D) -> ["(", expr(T1, E, D - 1), " ", pick(Ops), " ", expr(T2, E, D - 1), ")"].
bif(F, Ts, E, D) -> [F, "(", lists:join(", ", [expr(T, E, D - 1) || T <- Ts]), ")"].
number() -> pick([int, int, float]).

of_type(int, E, D) ->
    case rand:uniform(20) of
        N when N < 6 -> op(int, ["+", "-", "*"], int, E, D);
        6 -> op(int, ["div", "rem"], int, E, D);
        7 -> op(int, ["band", "bor", "bxor"], int, E, D);
        8 -> ["(", expr(int, E, D - 1), pick([" bsl ", " bsr "]), "(", expr(int, E, D - 2), " band 71))"];
        9 -> [pick(["bnot ", "-", "+"]), "(", expr(int, E, D - 1), ")"];
        10 -> bif(pick(["trunc", "round", "floor", "ceil"]), [number()], E, D);
        11 -> bif("length", [{list, int}], E, D);
        12 -> bif(pick(["byte_size", "bit_size"]), [bin], E, D);
        13 -> ["element(1, ", expr({tuple, [int, any]}, E, D - 1), ")"];
        14 -> bif(pick(["hd", "lists:sum", "lists:last", "lists:max"]), [{list, int}], E, D);
        15 -> bif(pick(["abs", "map_size"]), [pick([int, map])], E, D);
        16 -> X = fresh("X"), A = fresh("X"), ["lists:foldl(fun(", X, ", ", A, ") -> ", expr(int, [{X, int}, {A, int} | E], min(D - 2, 2)), " end, ", expr(int, E, D - 2), ", ", expr({list, int}, E, D - 1), ")"];
        17 -> ["binary_to_integer(integer_to_binary(", expr(int, E, D - 1), "))"];
        18 -> bif(pick(["max", "min"]), [int, int], E, D);
        19 -> V = fresh("X"), ["case ", expr(bin, E, D - 1), " of <<", V, ":", width(E), pick(["/integer", "/little", "/signed", "/signed-little", "/native", "/big-unsigned"]), ", _/bits>> -> ", expr(int, [{V, int} | E], D - 2), "; _ -> ", integer(), " end"];
        20 -> bif(pick(["binary:decode_unsigned", "erlang:phash2", "erlang:crc32"]), [bin], E, D)
    end;
of_type(float, E, D) ->
    case rand:uniform(7) of
        1 -> op(number(), ["/"], number(), E, D);
        2 -> op(float, ["+", "-", "*"], number(), E, D);
        3 -> op(int, ["+", "-", "*"], float, E, D);
        4 -> bif("float", [number()], E, D);
        5 -> ["math:sqrt(abs(", expr(number(), E, D - 1), "))"];
        6 -> ["-(", expr(float, E, D - 1), ")"];
        7 -> V = fresh("X"), ["case ", expr(bin, E, D - 1), " of <<", V, pick([":64/float", ":32/float", ":64/float-little"]), ", _/bits>> -> ", V, "; _ -> ", expr(float, E, D - 2), " end"]
    end;
of_type(bool, E, D) ->
    case rand:uniform(6) of
        1 -> op(any, ["<", ">", "=<", ">=", "==", "/=", "=:=", "=/="], any, E, D);
        2 -> op(number(), ["<", ">", "=<", ">=", "==", "/=", "=:=", "=/="], number(), E, D);
        3 -> op(bool, ["and", "or", "xor", "andalso", "orelse"], bool, E, D);
        4 -> ["not ", expr(bool, E, D - 1)];
        5 -> [pick(["is_integer", "is_float", "is_atom", "is_list", "is_tuple", "is_map", "is_binary", "is_bitstring", "is_number", "is_boolean"]), "(", expr(any, E, D - 1), ")"];
        6 -> pick([bif("is_map_key", [any, map], E, D), bif("lists:member", [any, {list, any}], E, D)])
    end;
of_type(atom, E, D) ->
    case rand:uniform(3) of
        1 -> ["case ", expr(bool, E, D - 1), " of true -> ", expr(atom, E, D - 1), "; false -> ", expr(atom, E, D - 1), " end"];
        2 -> ["list_to_atom(integer_to_list(", expr(int, E, 1), " band 7))"];
        3 -> value(atom)
    end;
of_type({list, T} = L, E, D) ->
    case rand:uniform(13) of
        1 -> ["[", lists:join(", ", [expr(T, E, D - 1) || _ <- lists:seq(1, rand:uniform(4) - 1)]), "]"];
        2 -> ["[", expr(T, E, D - 1), " | ", expr(L, E, D - 1), "]"];
        3 -> op(L, ["++", "--"], L, E, D);
        4 -> bif(pick(["lists:reverse", "lists:sort", "lists:usort", "tl"]), [L], E, D);
        5 -> V = fresh("X"), T1 = pick([int, any]), ["[", expr(T, [{V, T1} | E], D - 2), " || ", V, " <- ", expr({list, T1}, E, D - 1), filter([{V, T1} | E]), "]"];
        6 -> {P, E1} = pattern({tuple, [int, any]}, E, 1), ["[", expr(T, E1, D - 2), " || ", P, " <- ", expr({list, any}, E, D - 1), filter(E1), "]"];
        7 -> V = fresh("X"), ["[", expr(T, [{V, int} | E], D - 2), " || <<", V, ":", pick(["8", "3", "5/signed", "16/little", "13"]), ">> <= ", expr(bin, E, D - 1), filter([{V, int} | E]), "]"];
        8 -> V = fresh("X"), ["lists:map(fun(", V, ") -> ", expr(T, [{V, T} | E], D - 2), " end, ", expr(L, E, D - 1), ")"];
        9 -> V = fresh("X"), ["lists:filter(fun(", V, ") -> ", expr(bool, [{V, T} | E], D - 2), " end, ", expr(L, E, D - 1), ")"];
        10 -> A = fresh("X"), B = fresh("X"), ["[", expr(T, [{A, int}, {B, int} | E], D - 3), " || ", A, " <- ", expr({list, int}, E, D - 2), ", ", B, " <- ", expr({list, int}, [{A, int} | E], D - 2), "]"];
        11 when T =:= any -> pick([["lists:sort(maps:to_list(", expr(map, E, D - 1), "))"], ["tuple_to_list(", expr({tuple, [int, any]}, E, D - 1), ")"], ["lists:zip(", expr({list, int}, E, D - 1), ", ", expr({list, any}, E, D - 1), ")"]]);
        11 -> ["binary_to_list(", expr(bin, E, D - 1), ")"];
        12 -> ["lists:seq(1, ", expr(int, E, D - 1), " band 7)"];
        13 -> ["lists:sublist(", expr(L, E, D - 1), ", ", expr(int, E, D - 2), ")"]
    end;
of_type({tuple, [A, B]} = T, E, D) ->
    case rand:uniform(4) of
        1 -> ["setelement(1, ", expr(T, E, D - 1), ", ", expr(A, E, D - 1), ")"];
        2 -> ["setelement(2, ", expr(T, E, D - 1), ", ", expr(B, E, D - 1), ")"];
        3 -> ["list_to_tuple([", expr(A, E, D - 1), ", ", expr(B, E, D - 1), "])"];
        4 -> ["{", expr(A, E, D - 1), ", ", expr(B, E, D - 1), "}"]
    end;
of_type(map, E, D) ->
    case rand:uniform(8) of
        1 -> ["#{", lists:join(", ", [[K, " => ", expr(any, E, D - 1)] || K <- keys()]), "}"];
        2 -> ["(", expr(map, E, D - 1), ")#{", pick(keys() ++ ["a"]), " => ", expr(any, E, D - 1), "}"];
        3 -> ["(", expr(map, E, D - 1), ")#{", pick(keys() ++ ["a"]), " := ", expr(any, E, D - 1), "}"];
        4 -> ["#{", expr(any, E, D - 2), " => ", expr(any, E, D - 1), ", ", pick(["a", "b"]), " => ", expr(int, E, D - 1), "}"];
        5 -> bif("maps:merge", [map, map], E, D);
        6 -> bif(pick(["maps:remove", "maps:without"]), [pick([any, {list, any}]), map], E, D);
        7 -> K = fresh("X"), V = fresh("X"), ["maps:map(fun(", K, ", ", V, ") -> ", expr(any, [{K, any}, {V, any} | E], D - 2), " end, ", expr(map, E, D - 1), ")"];
        8 -> V = fresh("X"), ["maps:from_list([{", expr(any, [{V, int} | E], D - 3), ", ", expr(int, [{V, int} | E], D - 2), "} || ", V, " <- ", expr({list, int}, E, D - 1), "])"]
    end;
of_type(bin, E, D) ->
    case rand:uniform(9) of
        N when N < 5 -> ["<<", lists:join(", ", [segment(E, D - 1) || _ <- lists:seq(1, rand:uniform(4))]), ">>"];
        5 -> V = fresh("X"), ["<< <<", segment([{V, int} | E], D - 2), ">> || ", V, " <- ", expr({list, int}, E, D - 1), filter([{V, int} | E]), " >>"];
        6 -> V = fresh("X"), ["<< <<", segment([{V, int} | E], D - 2), ">> || <<", V, ":", pick(["8", "3", "5/signed", "16/little"]), ">> <= ", expr(bin, E, D - 1), " >>"];
        7 -> V = fresh("X"), R = fresh("X"), ["case ", expr(bin, E, D - 1), " of <<", V, ":", width(E), ", ", R, "/bits>> -> ", expr(bin, [{V, int}, {R, bin} | E], D - 2), "; _ -> ", expr(bin, E, D - 2), " end"];
        8 -> ["list_to_binary([X band 255 || X <- ", expr({list, int}, E, D - 1), "])"];
        9 -> V = fresh("X"), ["begin ", V, " = ", expr(bin, E, D - 1), ", <<", V, "/bits, ", V, "/bits>> end"]
    end;
of_type(any, E, D) -> expr(pick([int, int, float, atom, bool, {list, int}, {list, any}, {tuple, [int, any]}, map, bin]), E, D).

%% A size of a field. A variable of the same pattern is bound only afterwards: those are called P.
width(E) -> case [V || [C | _] = V <- vars(int, E), C =/= $P] of [_ | _] = Vs -> case chance(3) of true -> pick(Vs); false -> pick(["8", "16", "3", "24", "1", "60", "64", "100"]) end; [] -> pick(["8", "3", "17", "64", "72"]) end.

segment(E, D) ->
    case rand:uniform(8) of
        1 -> ["(", expr(bin, E, D), ")/bits"];
        2 -> ["(", expr(bin, E, D), ")/binary"];
        3 -> ["(", expr(number(), E, D), ")", pick([":64/float", ":32/float", ":64/float-little", ":16/float"])];
        4 -> ["(", expr(int, E, D), " band 16#7FF)", pick(["/utf8", "/utf16", "/utf32", "/utf16-little"])];
        5 -> "\"abc\"";
        6 -> ["(", expr(int, E, D), "):(", expr(int, E, 1), " band 31)", pick(["", "/little", "/signed"])];
        _ -> ["(", expr(int, E, D), "):", pick(["8", "16", "3", "7", "24", "33", "64", "70", "128"]), pick(["", "/little", "/signed-big", "/native", "/unit:1"])]
    end.

filter(E) -> case chance(2) of true -> [", ", pick([guard1(E), expr(bool, E, 1)])]; false -> "" end.

%% -- guards --

guard(E) -> lists:join(pick([", ", "; "]), [guard1(E) || _ <- lists:seq(1, rand:uniform(2))]).

guard1([]) -> pick(["true", "1 < 2"]);
guard1(E) ->
    case rand:uniform(5) of
        1 -> ["(", gexpr(E, 2), pick([" < ", " > ", " =< ", " >= ", " == ", " /= ", " =:= ", " =/= "]), gexpr(E, 2), ")"];
        2 -> {V, _} = pick(E), [pick(["is_integer", "is_float", "is_atom", "is_list", "is_tuple", "is_map", "is_binary", "is_bitstring", "is_number", "is_boolean"]), "(", V, ")"];
        3 -> ["(", guard1(E), pick([" andalso ", " orelse ", " and ", " or ", " xor "]), guard1(E), ")"];
        4 -> ["not ", guard1(E)];
        5 -> ["(", gexpr(E, 1), pick([" < ", " =:= ", " == "]), value(pick([int, float, atom, bin, {list, int}])), ")"]
    end.

gexpr(E, D) when D =< 0 -> {V, _} = pick(E), V;
gexpr(E, D) ->
    case rand:uniform(6) of
        1 -> ["(", gexpr(E, D - 1), pick([" + ", " - ", " * ", " div ", " rem ", " band ", " / "]), gexpr(E, D - 1), ")"];
        2 -> [pick(["length", "tuple_size", "map_size", "byte_size", "bit_size", "abs", "hd", "tl", "trunc", "float", "size"]), "(", gexpr(E, D - 1), ")"];
        3 -> ["element(", pick(["1", "2"]), ", ", gexpr(E, D - 1), ")"];
        4 -> value(pick([int, float, atom]));
        _ -> gexpr(E, 0)
    end.

%% -- patterns: {text, the variables there are in it and outside} --

pattern(_, E, D) when D =< 0 -> case chance(3) of true -> {"_", E}; false -> V = fresh("P"), {V, [{V, any} | E]} end;
pattern({list, T}, E, D) ->
    case rand:uniform(4) of
        1 -> {"[]", E};
        2 -> {P, E1} = element_pattern(T, E, D), {["[", P, "]"], E1};
        3 -> {P, E1} = element_pattern(T, E, D), V = fresh("P"), {["[", P, " | ", V, "]"], [{V, {list, T}} | E1]};
        4 -> {P, E1} = element_pattern(T, E, D), {Q, E2} = element_pattern(T, E1, D), {["[", P, ", ", Q, " | _]"], E2}
    end;
pattern({tuple, [A, B]}, E, D) ->
    {P, E1} = element_pattern(A, E, D), {Q, E2} = element_pattern(B, E1, D),
    case chance(4) of true -> V = fresh("P"), {[V, " = {", P, ", ", Q, "}"], [{V, {tuple, [A, B]}} | E2]}; false -> {["{", P, ", ", Q, "}"], E2} end;
pattern(map, E, _) ->
    Ks = keys(),
    Vs = [fresh("P") || _ <- Ks],
    {["#{", lists:join(", ", [[K, " := ", V] || {K, V} <- lists:zip(Ks, Vs)]), "}"], [{V, any} || V <- Vs] ++ E};
pattern(bin, E, _) ->
    case rand:uniform(6) of
        1 -> A = fresh("P"), B = fresh("P"), {["<<", A, ":", width(E), pick(["", "/little", "/signed"]), ", ", B, "/bits>>"], [{A, int}, {B, bin} | E]};
        2 -> A = fresh("P"), B = fresh("P"), C = fresh("P"), {["<<", A, ":4, ", B, ":", A, "/", pick(["integer", "bits", "binary", "little"]), ", ", C, "/bits>>"], [{A, int}, {B, any}, {C, bin} | E]};
        3 -> {["<<\"hello\", _/binary>>"], E};
        4 -> A = fresh("P"), {["<<", A, pick(["/utf8", ":64/float", "/utf16", ":32/float-little"]), ", _/bits>>"], [{A, any} | E]};
        5 -> A = fresh("P"), B = fresh("P"), {["<<", A, ":2/binary, ", B, ":", pick(["3", "8", "17"]), ", _/bits>>"], [{A, bin}, {B, int} | E]};
        6 -> A = fresh("P"), {["<<_:", pick(["1", "8", "9"]), ", ", A, "/", pick(["binary", "bits"]), ">>"], [{A, bin} | E]}
    end;
pattern(any, E, D) -> pattern(pick([int, atom, {list, any}, {tuple, [int, any]}, map, bin]), E, D);
pattern(T, E, _) -> case chance(2) of true -> {value(T), E}; false -> V = fresh("P"), {V, [{V, T} | E]} end.

element_pattern(T, E, D) ->
    case rand:uniform(4) of
        1 -> {"_", E};
        2 when T =:= int; T =:= any -> {value(pick([int, atom])), E};
        3 -> pattern(T, E, D - 1);
        _ -> V = fresh("P"), {V, [{V, T} | E]}
    end.
