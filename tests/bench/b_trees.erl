%% Container modules of stdlib: gb_trees, gb_sets, dict, orddict, sets, queue.
-module(b_trees).
-export([main/0]).

main() -> lists:usort([once(I) || I <- [1, 2, 3, 4]]).

once(_) ->
    Ks = rand(14000, 7, []),
    G = lists:foldl(fun(K, T) -> gb_trees:enter(K, K + 1, T) end, gb_trees:empty(), Ks),
    G2 = lists:foldl(fun(K, T) -> gb_trees:delete_any(K, T) end, G, lists:sublist(Ks, 4000)),
    D = lists:foldl(fun(K, A) -> dict:update_counter(K rem 3000, K, A) end, dict:new(), Ks),
    S1 = sets:from_list(Ks),
    S2 = sets:from_list([K * 3 rem 100000 || K <- Ks]),
    B = gb_sets:from_list(Ks),
    B2 = gb_sets:union(B, gb_sets:from_list(lists:seq(1, 5000))),
    O = lists:foldl(fun(K, A) -> orddict:store(K rem 150, K, A) end, orddict:new(), Ks),
    Q = spin(200000, lists:foldl(fun queue:in/2, queue:new(), lists:seq(1, 100))),
    {gb_trees:size(G), gb_trees:size(G2), erlang:phash2(gb_trees:to_list(G2)),
     erlang:phash2(lists:sort(dict:to_list(D))), sets:size(sets:intersection(S1, S2)), sets:size(sets:union(S1, S2)),
     gb_sets:size(B2), erlang:phash2(O), lists:sum(queue:to_list(Q))}.

spin(0, Q) -> Q;
spin(N, Q) ->
    {{value, X}, Q1} = queue:out(Q),
    spin(N - 1, queue:in((X + N) band 1023, Q1)).

rand(0, _, L) -> L;
rand(N, S, L) ->
    S1 = (S * 1103515245 + 12345) band 16#7fffffff,
    rand(N - 1, S1, [S1 rem 100000 | L]).
