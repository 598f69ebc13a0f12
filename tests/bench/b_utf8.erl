%% UTF-8: matching and building code points, unicode:characters_to_list/binary.
-module(b_utf8).
-export([main/0]).

main() ->
    B = << <<(cp(I))/utf8>> || I <- lists:seq(1, 60000) >>,
    {byte_size(B), loop(22, B, 0)}.

cp(I) ->
    case I rem 5 of
        0 -> 16#1F300 + I rem 512;
        1 -> 16#4E00 + I rem 4096;
        2 -> 16#C0 + I rem 256;
        _ -> 32 + I rem 94
    end.

loop(0, _, Acc) -> Acc;
loop(N, B, Acc) ->
    L = unicode:characters_to_list(B),
    B16 = unicode:characters_to_binary(L, unicode, {utf16, big}),
    Up = up(B, <<>>),
    loop(N - 1, B, (Acc + sum(B, 0) + count16(B16, 0) + length(L) + erlang:crc32(Up)) rem 1000000007).

sum(<<C/utf8, R/binary>>, S) -> sum(R, (S + C) band 16#ffffff);
sum(<<>>, S) -> S.

up(<<C/utf8, R/binary>>, Acc) when C >= $a, C =< $z -> up(R, <<Acc/binary, (C - 32)/utf8>>);
up(<<C/utf8, R/binary>>, Acc) -> up(R, <<Acc/binary, C/utf8>>);
up(<<>>, Acc) -> Acc.

count16(<<_/utf16, R/binary>>, N) -> count16(R, N + 1);
count16(<<>>, N) -> N.
