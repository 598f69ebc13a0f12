%% The string module on lists and binaries: split, tokens, trim, case, find, replace; and list string functions.
-module(b_strings).
-export([main/0]).

main() ->
    Text = lists:append(["The quick brown fox, number " ++ integer_to_list(I) ++ ", jumps over the lazy dog. " ||
                            I <- lists:seq(1, 260)]),
    Bin = list_to_binary(Text),
    loop(50, Text, Bin, 0).

loop(0, _, _, Acc) -> Acc;
loop(N, T, B, Acc) ->
    A1 = length(string:tokens(T, " ,.")),
    A2 = length(string:split(B, <<", ">>, all)),
    A3 = length(string:lexemes(B, " ,.")),
    A4 = erlang:phash2(string:uppercase(B)),
    A5 = erlang:phash2(string:replace(T, "fox", "cat", all)),
    A6 = length(string:trim("   " ++ T ++ "   ")),
    A7 = length(binary:split(B, <<" ">>, [global])),
    A8 = string:length(B),
    A9 = erlang:phash2(string:join(string:tokens(T, " "), "-")),
    A10 = erlang:phash2([string:titlecase(W) || W <- string:lexemes(T, " ")]),
    loop(N - 1, T, B, (Acc * 31 + A1 + A2 + A3 + A4 + A5 + A6 + A7 + A8 + A9 + A10) rem 1000000007).
