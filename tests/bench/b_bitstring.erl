%% Bitstrings that are not whole bytes: a 5-bit and a 7-bit packer, run-length bits, unaligned appends.
-module(b_bitstring).
-export([main/0]).

main() ->
    P5 = << <<(X rem 31):5>> || X <- lists:seq(1, 2250001) >>,
    P7 = pack7(P5, <<>>),
    {bit_size(P5), bit_size(P7), sum5(P5, 0), sum7(P7, 0), ones(P5, 0), runs(P7, 0, 0, 0)}.

pack7(<<X:7, R/bitstring>>, Acc) -> pack7(R, <<Acc/bitstring, (127 - X):7>>);
pack7(Rest, Acc) -> <<Acc/bitstring, Rest/bitstring>>.

sum5(<<A:5, B:5, C:5, R/bitstring>>, S) -> sum5(R, (S + A * 3 + B * 5 + C) band 16#ffffff);
sum5(<<A:5, R/bitstring>>, S) -> sum5(R, S + A);
sum5(_, S) -> S.

sum7(<<X:7/signed, R/bitstring>>, S) -> sum7(R, (S * 3 + X) band 16#ffffff);
sum7(R, S) -> {bit_size(R), S}.

ones(<<1:1, R/bitstring>>, N) -> ones(R, N + 1);
ones(<<0:1, R/bitstring>>, N) -> ones(R, N);
ones(<<>>, N) -> N.

runs(<<Last:1, R/bitstring>>, Last, Len, Max) -> runs(R, Last, Len + 1, max(Len + 1, Max));
runs(<<B:1, R/bitstring>>, _, _, Max) -> runs(R, B, 1, Max);
runs(<<>>, _, _, Max) -> Max.
