%% Huffman coding: frequency map, tree by ordered insertion, bits out and back.
-module(b_huffman).
-export([main/0]).

main() ->
    Text = text(80000, 99, []),
    loop(10, Text, 0).

loop(0, _, Acc) -> Acc;
loop(N, Text, Acc) ->
    Freq = lists:foldl(fun(C, M) -> maps:update_with(C, fun(X) -> X + 1 end, 1, M) end, #{}, Text),
    Tree = build(lists:sort([{F, C} || {C, F} <- maps:to_list(Freq)])),
    Codes = maps:from_list(codes(Tree, <<>>)),
    Bits = << <<(maps:get(C, Codes))/bitstring>> || C <- Text >>,
    Text = decode(Bits, Tree, Tree, []),
    loop(N - 1, Text, (Acc * 31 + bit_size(Bits)) rem 1000000007).

text(0, _, L) -> L;
text(N, S, L) ->
    S1 = (S * 1103515245 + 12345) band 16#7fffffff,
    A = (S1 bsr 8) rem 26, B = (S1 bsr 16) rem 26,
    text(N - 1, S1, [$a + min(A, B) | L]).

build([{_, T}]) -> T;
build([{F1, A}, {F2, B} | Rest]) -> build(insert({F1 + F2, {A, B}}, Rest)).

insert(X, []) -> [X];
insert({F, _} = X, [{G, _} | _] = L) when F =< G -> [X | L];
insert(X, [Y | L]) -> [Y | insert(X, L)].

codes({A, B}, Pre) -> codes(A, <<Pre/bitstring, 0:1>>) ++ codes(B, <<Pre/bitstring, 1:1>>);
codes(C, Pre) -> [{C, Pre}].

decode(<<0:1, R/bitstring>>, {A, _}, Root, Acc) -> step(A, R, Root, Acc);
decode(<<1:1, R/bitstring>>, {_, B}, Root, Acc) -> step(B, R, Root, Acc);
decode(<<>>, _, _, Acc) -> lists:reverse(Acc).

step({_, _} = T, R, Root, Acc) -> decode(R, T, Root, Acc);
step(C, R, Root, Acc) -> decode(R, Root, Root, [C | Acc]).
