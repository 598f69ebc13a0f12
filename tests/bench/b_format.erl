%% io_lib:format with many directives, integer and float text.
-module(b_format).
-export([main/0]).

main() -> loop(15000, 0).

loop(0, Acc) -> Acc;
loop(N, Acc) ->
    S = io_lib:format("~w ~p ~s ~5.2f ~8.3e ~.16B ~c~n~10s|~-10w|~ts~n",
                      [{N, [a, "b"]}, #{n => "text"}, "string", N / 3, N * 1.5, N * 77, $x, "right", left,
                       [1077, 1078]]),
    F = io_lib:format("~p", [lists:seq(N, N + 30)]),
    B = iolist_to_binary([float_to_binary(N / 7, [{decimals, 6}]), integer_to_list(N, 2), io_lib:write({N, "x", 1.5})]),
    H = erlang:crc32(unicode:characters_to_binary([S, F])) + erlang:crc32(B),
    loop(N - 1, (Acc * 31 + H) rem 1000000007).
