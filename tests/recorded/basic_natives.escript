#!/usr/bin/env escript
%% Records what OTP's natives give: basic_natives.escript | gzip -9n > basic_natives-29.txt.gz. A line a call: Module Function Arguments Result, the last
%% two as external terms in base 64; the result is {ok, Value} or {Class, Reason}.
main(_) ->
    lists:foreach(
      fun({M, F, As}) ->
              R = try {ok, apply(M, F, As)} catch C:E -> {C, E} end,
              io:format("~w ~w ~s ~s~n", [M, F, e(As), e(R)])
      end, calls()).

e(T) -> base64:encode(term_to_binary(T)).

numbers() ->
    S = 1 bsl 59, B = 1 bsl 64,
    [0, 1, -1, 2, -3, 7, S - 1, S, -S, -S - 1, -S + 1, B, B - 1, -B, -B + 1, 1 bsl 63, -(1 bsl 63), (1 bsl 128) + 12345, -(1 bsl 128) - 1,
     123456789012345678901234567890123456789, -987654321098765432109876543210, 1 bsl 1023, (1 bsl 1024) - (1 bsl 970), 1 bsl 1100,
     (1 bsl 64) + (1 bsl 11) + 1, 0.0, -0.0, 1.0, -1.5, 0.5, 2.5, -2.5, 0.49999999999999994, 4503599627370497.0, 1.0e22, -1.0e300, 1.7976931348623157e308,
     5.0e-324, 576460752303423488.0, -576460752303423488.0, a].

calls() ->
    Ns = numbers(),
    Is = [N || N <- Ns, not is_float(N)],
    [{erlang, F, [A, B]} || F <- ['+', '-', '*', '/', 'div', 'rem', '==', '=:=', '<', '=<', max, min], A <- Ns, B <- Ns] ++
    [{erlang, F, [A, B]} || F <- ['band', 'bor', 'bxor'], A <- Is ++ [1.0], B <- Is] ++
    [{erlang, F, [A, B]} || F <- ['bsl', 'bsr'], A <- Is ++ [1.0],
                            B <- [0, 1, -1, 3, 4, 5, 58, 59, 60, 63, 64, 65, -63, -64, -65, 128, -128, 200, -2000, a, 1.0]] ++
    [{erlang, F, [A, B]} || F <- ['bsl', 'bsr'], A <- [0, 1, -1, 1 bsl 100, a], B <- [1 bsl 40, -(1 bsl 40), 1 bsl 58, -(1 bsl 59), 1 bsl 70, -(1 bsl 70)]] ++
    [{M, F, [A]} || {M, F} <- [{erlang, '+'}, {erlang, '-'}, {erlang, 'bnot'}, {erlang, abs}, {erlang, float}, {erlang, trunc}, {erlang, round},
                               {erlang, floor}, {erlang, ceil}, {erlang, integer_to_list}, {erlang, integer_to_binary}, {erlang, float_to_list},
                               {erlang, float_to_binary}] ++
                              [{math, G} || G <- [sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh, exp, log, log2, log10, sqrt, erf, erfc,
                                                  floor, ceil]], A <- Ns] ++
    [{math, F, [A, B]} || F <- [pow, atan2, fmod], A <- [0, 1, -1, 0.5, 2, 10, 400, 1 bsl 1100, a], B <- [0, 1, -1, 0.5, 2, 400, a]] ++
    [{erlang, F, [A, B]} || F <- [integer_to_list, integer_to_binary], A <- Is, B <- [1, 2, 3, 10, 16, 36, 37, a]] ++
    [{erlang, F, [A, O]} || F <- [float_to_list, float_to_binary], A <- [1.5, 0.1, -1234.5678, 1.0e22, 5.0e-324],
                            O <- [[], [short], [compact], [{decimals, 3}], [{decimals, 10}, compact], [{scientific, 3}], [{scientific, 3}, {decimals, 2}],
                                  [{decimals, 300}], [{decimals, -1}], [{scientific, -3}], [short | a], [foo], [{decimals, a}], {a}]] ++
    [{erts_internal, list_to_integer, [T, B]} || T <- texts(), B <- [10, 16, 2, 36, 37]] ++
    [{erts_internal, binary_to_integer, [T, B]} || T <- [<<>>, <<"-">>, <<"--1">>, <<"zz">>, <<"12">>, <<"+7">>, <<"-007">>, <<"1:8">>, <<"1A">>, a, <<1:9>>,
                                                         <<"99999999999999999">>], B <- [10, 16, 1]] ++
    [{string, list_to_float, [T]} || T <- floats()] ++
    [{erlang, list_to_float, [T]} || T <- floats()] ++
    [{erlang, binary_to_float, [T]} || T <- [<<"1.5">>, <<>>, <<"1.5", 0, "a">>, <<1:3>>, <<"-1.0e-5">>, <<"1e5">>, a]] ++
    lists_calls() ++ tuples() ++ atoms() ++ guards() ++ data() ++ times().

texts() -> ["12a", "", "-", a, "00a", "000", "+x", "-0", [$1 | a], [$1, a, $2], "0x", [$0, a], "-12", "+FF", "zZ", "1010", "12345678901"].

floats() ->
    ["1.5x", "+1.5", "1.5e", "1.5e+", "1.5e+a", "1.5e+3z", "1.5e1.2", "1,5", "-1.5", [$1, $., $5, a], "1", "1.", "1.x", ".5", "e", "1e5", [], a, "1.0e400",
     [$1, $., $5 | a], "-", "--1.5", "+-1.5", "1.5-", "1.5.5", [a], "1a", "0.1", "123456789.987654321e-20"].

lists_calls() ->
    Ls = [[], [1], [1, 2, 3], [a, b, c, a, b, d, a], [1, 2, 1.0, 3, 1], [1 | 2], [a, {x}, "s" | z], a, lists:seq(1, 40), [{1}, {a, 1.0}, {1.0}, x, {b, 2}]],
    [{M, F, [A, B]} || {M, F} <- [{erlang, '++'}, {erlang, '--'}, {lists, reverse}], A <- Ls, B <- Ls ++ [[X rem 7 || X <- lists:seq(1, 60)]]] ++
    [{erlang, '--', [[X * X rem 50 || X <- lists:seq(1, 200)], [X rem 13 || X <- lists:seq(1, 60)]]}] ++
    [{lists, member, [K, L]} || K <- [1, 1.0, a, "s", {x}, 40, b, zz], L <- Ls] ++
    [{lists, F, [K, N, L]} || F <- [keyfind, keymember, keysearch], K <- [1, 1.0, a, 2, zz], N <- [0, 1, 2, a, 1 bsl 70], L <- Ls] ++
    [{erlang, F, [L]} || F <- [length, hd, tl, list_to_tuple, tuple_to_list], L <- Ls].

tuples() ->
    [{erlang, make_tuple, [N, a]} || N <- [0, 3, -1, 16777216, 1 bsl 80, a]] ++
    [{erlang, make_tuple, [3, a, L]} || L <- [[], [{1, x}, {3, y}, {1, z}], [{4, x}], [{1, x} | b], [{1}], [x], a]] ++
    [{erlang, append_element, [T, x]} || T <- [{}, {a}, a]] ++
    [{erlang, insert_element, [I, T, x]} || I <- [0, 1, 2, 3, 4, a], T <- [{}, {a, b}, a]] ++
    [{erlang, F, [I, T]} || F <- [delete_element, element], I <- [0, 1, 2, 3, a, 1 bsl 80], T <- [{}, {a, b}, a]] ++
    [{erlang, setelement, [I, T, x]} || I <- [0, 1, 2, 3, a, 1 bsl 80], T <- [{}, {a, b}, a]] ++
    [{erlang, tuple_to_list, [T]} || T <- [{}, {1}, {1, {2}, c}]].

atoms() ->
    [{erlang, atom_to_list, [A]} || A <- [a, '', list_to_atom([229, 228]), list_to_atom([1024, 16#10000]), "a"]] ++
    [{erlang, atom_to_binary, [A, E]} || A <- [a, '', list_to_atom([229, 228]), list_to_atom([1024, 16#10000]), "a"], E <- [latin1, utf8, unicode, foo]] ++
    [{erlang, list_to_atom, [L]} || L <- ["", "abc", [256], [16#d800], [16#110000], [16#10ffff], ["a"], [a], [97 | 98], lists:duplicate(256, $a),
                                          lists:duplicate(255, 16#10000), [-1], a]] ++
    [{erlang, list_to_existing_atom, [L]} || L <- ["true", "no_such_atom_ever_1", lists:duplicate(256, $a)]] ++
    [{erlang, binary_to_atom, [B, E]} || E <- [latin1, utf8, unicode, foo],
                                         B <- [<<>>, <<"abc">>, <<"a", 255>>, <<195, 182>>, a, <<1:9>>, binary:copy(<<"a">>, 255), binary:copy(<<"a">>, 256),
                                               binary:copy(<<255>>, 256), binary:copy(<<255>>, 2000), <<237, 160, 128>>]] ++
    [{erlang, binary_to_existing_atom, [B, utf8]} || B <- [<<"true">>, <<"no_such_atom_ever_2">>, binary:copy(<<"a">>, 256)]].

guards() ->
    Ts = [1, 1 bsl 70, 1.0, a, true, [], [1], {}, {a}, {1}, {a, 1}, #{}, #{a => 1}, <<>>, <<1>>, <<1:1>>, <<1:17>>, binary:copy(<<1>>, 100)],
    [{erlang, F, [T]} || T <- Ts, F <- [is_atom, is_binary, is_bitstring, is_boolean, is_float, is_function, is_integer, is_list, is_map, is_number, is_pid,
                                        is_port, is_reference, is_tuple, tuple_size, size, byte_size, bit_size, 'not']] ++
    [{erlang, is_function, [a, N]} || N <- [-1, 0, 1, 1 bsl 80, -(1 bsl 80), b]] ++
    [{erlang, is_record, [T, N]} || T <- Ts, N <- [a, 1]] ++
    [{erlang, is_record, [T, N, S]} || T <- Ts, N <- [a, 1], S <- [1, 2, -1, 1 bsl 80, c]] ++
    [{erlang, is_integer, [A, B, C]} || A <- [1, a, 3, 1.0, 1 bsl 70], B <- [2, a, 2.0, 1], C <- [5, 1, a, 1 bsl 71]] ++
    [{erlang, F, [A, B]} || F <- ['and', 'or', 'xor'], A <- [true, false, a], B <- [true, false, 1]].

data() ->
    Big = binary:copy(<<"0123456789">>, 50),
    <<_:3, Odd:200/bits, _/bits>> = Big,
    Ls = [[], "abc", [1 | a], [<<1:1>>], a, [256], [-1], [1 | <<2>>], [[] | <<1:1>>], [Big, $x, [[Big], "tail" | Odd]], [Odd, Odd, 7 | Odd], Big, Odd, <<1:1>>, [a],
          [[[[]]], [[<<"q">>]]], lists:foldl(fun(I, A) -> [A, I rem 256] end, [], lists:seq(1, 400)), lists:seq(0, 255) ++ lists:seq(0, 255) ++ Big,
          [<<1:1>>, 5, <<3:3>> | <<1:1>>], [<<5:3>>, Big, <<9:7>>, Odd]],
    [{M, F, [L]} || {M, F} <- [{erlang, iolist_size}, {erlang, iolist_to_binary}, {erlang, list_to_binary}, {erlang, list_to_bitstring}, {binary, list_to_bin},
                               {erlang, crc32}, {erlang, adler32}, {erlang, md5}], L <- Ls] ++
    [{erlang, F, [N, L]} || F <- [crc32, adler32], N <- [0, 1, 16#ffffffff, 1 bsl 32, -1, a], L <- ["abc", a, Big]] ++
    [{erlang, F, [A, B, C]} || F <- [crc32_combine, adler32_combine], A <- [1, 12345678, a], B <- [2, 87654321], C <- [0, 3, 100000, -3, 1 bsl 64, a]].

times() ->
    [{erlang, posixtime_to_universaltime, [N]} || N <- [0, -1, 1709168523, 1 bsl 35, a]] ++
    [{erlang, universaltime_to_posixtime, [T]} || T <- [{{2024, 2, 29}, {1, 2, 3}}, {{2023, 2, 29}, {1, 2, 3}}, {{0, 1, 1}, {0, 0, 0}}, {{1599, 12, 31}, {0, 0, 0}},
                                                        {{1600, 1, 1}, {0, 0, 0}}, {{-1, 1, 1}, {0, 0, 0}}, {{2024, 1, 1}, {24, 0, 0}}, {{2024, 1, 1}}, a]].
