%% Garbage collection: a large live tree and map kept while short-lived data churns.
-module(b_gc).
-export([main/0]).

main() ->
    Live = tree(17, 1),
    M = maps:from_list([{I, [I, I + 1]} || I <- lists:seq(1, 30000)]),
    C = churn(1000, Live, 0),
    {C, sum(Live), map_size(M)}.

tree(0, N) -> {leaf, N};
tree(D, N) -> {tree(D - 1, 2 * N), N, tree(D - 1, 2 * N + 1)}.

churn(0, _, Acc) -> Acc;
churn(N, Live, Acc) ->
    L = [{I, I * N} || I <- lists:seq(1, 6000)],
    {T, X} = path(Live, N, 16),
    S = lists:foldl(fun({A, B}, Z) -> (Z + A * B) band 16#ffffff end, X, L),
    churn(N - 1, T, (Acc + S) band 16#ffffff).

%% Replace one leaf: the tree keeps changing, so old data points at new data's copies.
path({leaf, V}, N, _) -> {{leaf, (V + N) band 16#ffff}, V};
path({L, V, R}, N, D) ->
    case ((N * 2654435761) bsr D) band 1 of
        0 -> {L1, X} = path(L, N, D - 1), {{L1, V, R}, X};
        1 -> {R1, X} = path(R, N, D - 1), {{L, V, R1}, X}
    end.

sum({leaf, V}) -> V band 255;
sum({L, V, R}) -> (sum(L) + V + sum(R)) band 16#ffffff.
