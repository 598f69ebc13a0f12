%% The binary module and conversions: match, matches, split, replace, encode_hex-like work, copy, base64.
-module(b_binmod).
-export([main/0]).

main() ->
    Row = <<"key=value;name=some name;count=12345;flag=true\n">>,
    B = binary:copy(Row, 1500),
    P = binary:compile_pattern([<<";">>, <<"\n">>]),
    loop(75, B, P, 0).

loop(0, _, _, Acc) -> Acc;
loop(N, B, P, Acc) ->
    Parts = binary:split(B, P, [global, trim]),
    KV = [begin [K | V] = binary:split(X, <<"=">>), {K, V} end || X <- Parts],
    Ints = lists:sum([binary_to_integer(V) || {<<"count">>, [V]} <- KV]),
    Ms = binary:matches(B, <<"name">>),
    R = binary:replace(B, <<"true">>, <<"FALSE">>, [global]),
    E = base64:encode(binary:part(B, 0, 30000)),
    D = base64:decode(E),
    X = [binary:at(B, I) || I <- lists:seq(0, 20000)],
    loop(N - 1, B, P, (Acc * 31 + length(KV) + Ints + length(Ms) + erlang:crc32(R) + erlang:adler32(E) + byte_size(D) +
                           erlang:phash2(X)) rem 1000000007).
