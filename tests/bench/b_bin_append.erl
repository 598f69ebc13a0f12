%% Growing binaries by appending at the end (writable binaries), and binary comprehensions.
-module(b_bin_append).
-export([main/0]).

main() ->
    A = bytes(7000000, <<>>),
    B = nums(1000000, <<>>),
    C = << <<(X bxor 16#5a)>> || <<X>> <= A >>,
    D = << <<(X + Y):16>> || <<X, Y>> <= A >>,
    E = hex(binary:part(C, 0, 300000), <<>>),
    {erlang:crc32(A), byte_size(B), erlang:crc32(B), erlang:crc32(C), erlang:crc32(D), erlang:crc32(E)}.

bytes(0, Acc) -> Acc;
bytes(N, Acc) -> bytes(N - 1, <<Acc/binary, (N * 7)>>).

nums(0, Acc) -> Acc;
nums(N, Acc) -> nums(N - 1, <<Acc/binary, (integer_to_binary(N))/binary, $,>>).

hex(<<H:4, L:4, R/binary>>, Acc) -> hex(R, <<Acc/binary, (digit(H)), (digit(L))>>);
hex(<<>>, Acc) -> Acc.

digit(D) when D < 10 -> $0 + D;
digit(D) -> $a + D - 10.
