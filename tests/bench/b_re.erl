%% Regular expressions: re:run, re:replace, re:split with compiled patterns.
-module(b_re).
-export([main/0]).

main() ->
    Line = fun(I) -> io_lib:format("10.0.~b.~b - user~b [12/Mar/2024:10:~2..0b:00] \"GET /item/~b?x=~b HTTP/1.1\" 200 ~b~n",
                                   [I rem 256, I * 7 rem 256, I, I rem 60, I, I * I, I * 31]) end,
    Log = iolist_to_binary([Line(I) || I <- lists:seq(1, 600)]),
    {ok, P} = re:compile("(\\d+)\\.(\\d+)\\.(\\d+)\\.(\\d+) - (\\w+) \\[([^\\]]+)\\] \"(GET|POST) (\\S+)"),
    {ok, W} = re:compile("[a-z]+(?=\\d)", [caseless]),
    loop(75, Log, P, W, 0).

loop(0, _, _, _, Acc) -> Acc;
loop(N, Log, P, W, Acc) ->
    {match, Ms} = re:run(Log, P, [global, {capture, all, binary}]),
    {match, Ws} = re:run(Log, W, [global, {capture, first, index}]),
    Ls = re:split(Log, "\\n"),
    R = re:replace(Log, "user(\\d+)", "U\\1", [global, {return, binary}]),
    loop(N - 1, Log, P, W, (Acc * 31 + erlang:phash2(Ms) + erlang:phash2(Ws) + length(Ls) + erlang:crc32(R)) rem 1000000007).
