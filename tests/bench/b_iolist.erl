%% Iolists: nested construction, iolist_size, iolist_to_binary, list_to_binary.
-module(b_iolist).
-export([main/0]).

main() -> loop(90, 0).

loop(0, Acc) -> Acc;
loop(N, Acc) ->
    T = tree(11, N),
    Rows = [row(I) || I <- lists:seq(1, 1500)],
    B1 = iolist_to_binary(T),
    B2 = iolist_to_binary([Rows | B1]),
    L = binary_to_list(B2),
    B3 = list_to_binary([L, $., lists:reverse(L)]),
    loop(N - 1, (Acc * 31 + iolist_size([T, Rows]) + erlang:crc32(B2) + byte_size(B3) + erlang:adler32(B3)) rem 1000000007).

tree(0, N) -> [$a + N rem 26, <<"leaf">>];
tree(D, N) -> [tree(D - 1, N + 1), $(, <<"node">>, [tree(D - 1, N + 2) | <<")">>]].

row(I) -> [<<"<tr><td>">>, integer_to_list(I), [<<"</td>">>, [<<"<td>">>, "name-", integer_to_binary(I * I)], "</td>"], <<"</tr>\n">>].
