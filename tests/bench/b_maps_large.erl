%% A large (HAMT) map: 100,000 integer keys, then tuple and binary keys; insert, look up, update, remove.
-module(b_maps_large).
-export([main/0]).

main() ->
    N = 100000,
    M0 = fill(N, #{}),
    M1 = bump(N, M0),
    S = look(2 * N, M1, 0),
    M2 = drop(N, M1),
    M3 = fill2(20000, #{}),
    {map_size(M0), map_size(M2), S, map_size(M3), look2(20000, M3, 0)}.

fill(0, M) -> M;
fill(I, M) -> fill(I - 1, M#{key(I) => I}).

bump(0, M) -> M;
bump(I, M) ->
    K = key(I),
    #{K := V} = M,
    bump(I - 1, M#{K := V + 1}).

look(0, _, S) -> S;
look(I, M, S) ->
    case M of
        #{I := V} -> look(I - 1, M, (S + V) band 16#ffffffff);
        #{} -> look(I - 1, M, S + 1)
    end.

drop(0, M) -> M;
drop(I, M) when I rem 2 =:= 0 -> drop(I - 1, maps:remove(key(I), M));
drop(I, M) -> drop(I - 1, M).

key(I) -> (I * 7919) rem 200003.

fill2(0, M) -> M;
fill2(I, M) -> fill2(I - 1, M#{{k, I} => I, <<I:32>> => {I}}).

look2(0, _, S) -> S;
look2(I, M, S) ->
    #{{k, I} := A} = M,
    {B} = maps:get(<<I:32>>, M),
    look2(I - 1, M, (S + A * B) band 16#ffffffff).
