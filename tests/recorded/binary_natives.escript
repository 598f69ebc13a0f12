#!/usr/bin/env escript
%% Records what natives that work on binaries and text give on real OTP 29, for BinaryNativesTests:
%%   LC_ALL=C.UTF-8 .otp/29/bin/escript tests/recorded/binary_natives.escript | gzip -9n > tests/recorded/binary_natives-29.txt.gz
%% A line: module, function, base64 of the list of arguments, base64 of {ok,Value} or {Class,Reason}; all in the external term format.
main(_) ->
    rand:seed(exsss, {1, 2, 3}),
    _ = [record(C) || C <- fixed() ++ searches(1500) ++ texts(1500) ++ parts(300)].

record({M, F, A}) ->
    R = try {ok, apply(M, F, A)} catch C:E -> {C, E} end,
    io:format("~s ~s ~s ~s~n", [M, F, code(A), code(R)]).

code(T) -> base64:encode(term_to_binary(T, [deterministic])).

fixed() ->
    B100 = list_to_binary(lists:seq(1, 100)),
    Big = binary:copy(<<"ab">>, 1500),
    [{binary, first, [X]} || X <- [<<>>, <<1>>, <<1, 2>>, <<1:9>>, a, B100]] ++
    [{binary, last, [X]} || X <- [<<>>, <<1>>, <<1, 2>>, <<1:9>>, [], B100]] ++
    [{binary, at, [X, I]} || X <- [<<>>, <<1, 2, 3>>, <<1:9>>, B100, foo], I <- [0, 1, 2, 3, -1, 1 bsl 60, 1 bsl 64, a, 1.0, 99, 100]] ++
    [{binary, copy, [X]} || X <- [<<>>, <<1, 2>>, <<1:9>>, B100, a]] ++
    [{binary, copy, [X, N]} || X <- [<<>>, <<1, 2>>, <<1:9>>, B100, a], N <- [0, 1, 2, 3, 7, -1, a]] ++
    [{binary, copy, [<<1>>, 1 bsl 63]}, {binary, copy, [<<1>>, 1 bsl 64]}, {binary, copy, [<<>>, 1 bsl 63]}] ++
    [{binary, encode_unsigned, [X | E]} || X <- [0, 1, 255, 256, 65535, 65536, 1 bsl 58, 1 bsl 59, (1 bsl 60) - 1, 1 bsl 63, (1 bsl 64) - 1, 1 bsl 64,
        1 bsl 71, 1 bsl 127 + 5, 1 bsl 1000 - 1, -1, -(1 bsl 70), a, 1.0], E <- [[], [big], [little], [native]]] ++
    [{binary, decode_unsigned, [X | E]} || X <- [<<>>, <<0>>, <<1>>, <<0, 0>>, <<1, 2>>, <<0, 1, 0>>, <<1, 2, 3, 4, 5, 6, 7>>, <<1, 2, 3, 4, 5, 6, 7, 8>>,
        <<255, 2, 3, 4, 5, 6, 7, 8>>, <<15:8, -1:56>>, <<8, 0:56>>, <<7, -1:56>>, <<1, 2, 3, 4, 5, 6, 7, 8, 9>>, <<0:64, 1, 0:64>>, B100, <<0:80>>, <<1:9>>, a], E <- [[], [big], [little], [foo]]] ++
    [{binary, F, [L]} || F <- [longest_common_prefix, longest_common_suffix], L <- [[], a, [<<>>], [<<1, 2>>], [<<1, 2>>, <<1, 3>>], [<<3, 2>>, <<2>>], [<<"erlang">>, <<"ergonomy">>],
        [<<"fix">>, <<"artifix">>, <<"x">>], [B100, B100], [B100, <<B100/binary, 1>>, <<1, B100/binary>>], [<<1>>, a], [<<1>> | a], [<<1:9>>], [<<1>>, <<1:9>>], [<<>>, <<1>>], <<1>>]] ++
    [{binary, referenced_byte_size, [X]} || X <- [<<>>, <<1, 2>>, <<1:9>>, B100, a]] ++
    [{binary, F, [S, P]} || F <- [match, matches, split], S <- [<<>>, <<"abcabcab">>, Big, <<"aaaaaaaa">>, <<1:9>>, foo, "abc"],
        P <- [<<"a">>, <<"abc">>, <<"ab">>, <<>>, [], [<<>>], [<<"a">>], [<<"ab">>, <<"abc">>], [<<"abc">>, <<"ab">>, <<"b">>], [<<"a">> | b], [a], <<1:3>>, {bm, a}, {a, b, c}, a,
            binary:copy(<<"ab">>, 100), [<<"bc">>, <<"abcd">>, <<"c">>], [<<"a">>, <<"a">>]]] ++
    [{binary, F, [<<"xxabcabx">>, <<"ab">>, O]} || F <- [match, matches, split], O <- [[], a, [a], [{scope, {0, 8}}], [{scope, {0, 9}}], [{scope, {8, -8}}], [{scope, {8, -9}}], [{scope, {3, 3}}],
        [{scope, {3, -2}}], [{scope, {-1, 2}}], [{scope, {1 bsl 64, 2}}], [{scope, {0, 1 bsl 64}}], [{scope, {9, 0}}], [{scope, {8, 0}}], [{scope, a}], [{scope, {0, 1}}, {scope, {0, 8}}],
        [{scope, {0, 8}} | a], [global], [trim], [trim_all], [global, trim], [global, trim_all, {scope, {2, 6}}], {scope, {0, 1}}, [{a, b}], [{scope, {5, -3}}]]] ++
    [{erlang, split_binary, [X, N]} || X <- [<<>>, <<1, 2, 3>>, <<1:9>>, B100, a], N <- [0, 1, 2, 3, 4, 70, 100, 101, -1, a, 1 bsl 64]] ++
    [{erlang, binary_to_list, [X]} || X <- [<<>>, <<1, 2, 255>>, <<1:9>>, B100, a]] ++
    [{erlang, bitstring_to_list, [X]} || X <- [<<>>, <<1, 2, 255>>, <<1:9>>, <<5:3>>, <<B100/binary, 1:1>>, B100, a]] ++
    [{erlang, binary_to_list, [X, S, E]} || X <- [<<>>, <<1, 2, 3>>, <<1:9>>], S <- [0, 1, 2, 3, 4, a], E <- [0, 1, 2, 3, 4, 1 bsl 64]] ++
    [{unicode, bin_is_7bit, [X]} || X <- [<<>>, <<"abc">>, <<1:9>>, a, B100, <<B100/binary, 128>>, <<200>>, [<<"a">>]]] ++
    [{unicode, F, [X, E]} || F <- [characters_to_binary, characters_to_list], E <- [utf8, unicode, latin1],
        X <- [[], <<>>, a, 1, "abc", [1 bsl 64], [a], ["ab", [1 bsl 64] | a], ["x", 300, a], [-1], [255], [256], [16#D800], [16#10FFFF], [16#110000], [<<255>>], <<255>>, [[<<255>>]], ["a", <<255>>],
            [<<16#C3>>, <<16#A5>>], [<<16#C3>>, <<16#A5, 16#C3>>], [<<16#C3>>, 16#A5], [<<16#C3>>, <<"a">>, "b"], [[<<16#E2>>, [[<<16#82>>]]], <<16#AC>>], <<16#E2, 16#82>>, <<16#E2, "a">>, <<16#E0, 16#80>>,
            <<16#C0>>, <<16#C1>>, <<16#F5>>, <<16#F8>>, <<16#80>>, <<16#F0, 16#9F, 16#98>>, <<16#F0, 16#9F, 16#98, 16#80>>, <<16#ED, 16#A0, 16#80>>, <<16#F4, 16#90, 16#80, 16#80>>, <<1:9>>, [<<1:9>>], ["a" | <<"b">>],
            ["a" | b], ["a" | 1], [[["a"], 16#D800, "b"], "c", <<"d">> | <<"e">>], [<<"a", 255, "b">>, "c"], [[<<"a", 255, "b">>, "c"], "d"], ["a" | <<255>>], [["a" | <<255, 1>>], 3], [<<16#C3>> | <<16#28>>],
            [B100, <<B100/binary, 228>>], [<<>>, <<>>, []], [[]], [[[]] | <<>>], [[<<16#C3>>]], [<<16#C3>>, []], [<<16#E2, 16#82>>, <<16#28>>, "x"], [[[[1 bsl 70]]]], [2, [1 bsl 70 | a], b]]] ++
    [{prim_file, internal_name2native, [X]} || X <- ["", "abc", [$a, [$b, [[$c]]], 229], <<"abc">>, <<>>, <<0>>, [0], "a\0b", [300, 16#10FFFF], [16#D800], [16#110000], a, [a], [<<"a">>], ["a" | b], 1, <<1:9>>, [-1]]] ++
    [{prim_file, internal_native2name, [X]} || X <- [<<>>, <<"abc">>, <<"a", 229/utf8, 16#20AC/utf8>>, <<255>>, <<1:9>>, a]] ++
    [{prim_file, is_translatable, [X]} || X <- [<<>>, <<"abc">>, <<229/utf8>>, <<255>>, <<1:9>>, a]] ++
    [{erts_debug, flat_size, [X]} || X <- [a, 1, 1 bsl 64, [], [a], {}, {a}, #{}, #{a => 1}, "abc", 1.5, <<1>>, B100, {<<1, 2, 3>>, [1.0]}, maps:from_list([{I, I} || I <- lists:seq(1, 30)])]].

pick(L) -> lists:nth(rand:uniform(length(L)), L).
n(N) -> rand:uniform(N + 1) - 1.
bytes(Max) -> << <<(pick("aaabbc")):8>> || _ <- lists:seq(1, n(Max)) >>.

searches(N) ->
    [{binary, pick([match, matches, split, split]), [bytes(pick([10, 30, 100, 600])), pattern() | pick([[], [options()]])]} || _ <- lists:seq(1, N)].
pattern() ->
    case n(2) of
        0 -> <<(pick("abc")), (bytes(6))/binary>>;
        1 -> bytes(2);
        2 -> [<<(pick("abc")), (bytes(5))/binary>> || _ <- lists:seq(1, n(5))]
    end.
options() -> [pick([global, trim, trim_all, {scope, {n(6), n(20) - 6}}]) || _ <- lists:seq(1, n(3))].

parts(N) -> [{M, F, [bytes(100), n(110) - 4, n(60) - 30]} || _ <- lists:seq(1, N div 2), {M, F} <- [{binary, part}, {erlang, binary_part}]] ++
    [{binary, pick([longest_common_prefix, longest_common_suffix]), [[begin S = bytes(8), C = binary:copy(<<"b">>, n(8)), pick([<<S/binary, C/binary>>, <<C/binary, S/binary>>]) end || _ <- lists:seq(1, n(3))]]} || _ <- lists:seq(1, 200)].

texts(N) -> [{unicode, pick([characters_to_binary, characters_to_list]), [chars(3), pick([utf8, utf8, unicode, latin1])]} || _ <- lists:seq(1, N)].
chars(0) -> pick([text(), [cp()]]);
chars(D) ->
    case n(9) of
        0 -> text();
        1 -> [chars(D - 1) | text()];
        _ -> [pick([cp(), cp(), text(), text(), chars(D - 1)]) || _ <- lists:seq(1, n(5))]
    end.
cp() -> case n(40) of 0 -> 16#D800 + n(100); 1 -> 16#110000; 2 -> 1 bsl 70; 3 -> -n(5); _ -> pick([n(127), n(255), n(16#7FF), n(16#D7FF), 16#10000 + n(16#FFFFF)]) end.
text() ->
    W = << <<(pick([n(127), n(127), n(255), n(16#7FF), n(16#D7FF), 16#10000 + n(16#FFFFF)]))/utf8>> || _ <- lists:seq(1, n(pick([4, 4, 60]))) >>,
    case n(7) of
        0 -> binary:part(W, 0, n(byte_size(W)));
        1 -> S = n(byte_size(W)), binary:part(W, S, byte_size(W) - S);
        2 -> <<W/binary, (n(255))>>;
        3 -> <<W/binary, (n(255)), (n(255)), "x">>;
        _ -> W
    end.
