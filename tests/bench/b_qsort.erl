%% A hand-written quicksort and merge sort.
-module(b_qsort).
-export([main/0]).

main() -> loop(4, 0).

loop(0, Acc) -> Acc;
loop(N, Acc) ->
    L = rand(60000, N, []),
    Q = qsort(L),
    Q = msort(L),
    loop(N - 1, (Acc * 31 + erlang:phash2(Q)) rem 1000000007).

qsort([]) -> [];
qsort([P | T]) ->
    {A, B} = part(P, T, [], []),
    qsort(A) ++ [P | qsort(B)].

part(_, [], A, B) -> {A, B};
part(P, [H | T], A, B) when H < P -> part(P, T, [H | A], B);
part(P, [H | T], A, B) -> part(P, T, A, [H | B]).

msort([]) -> [];
msort([X]) -> [X];
msort(L) ->
    {A, B} = halve(L, [], []),
    merge(msort(A), msort(B)).

halve([], A, B) -> {A, B};
halve([H | T], A, B) -> halve(T, [H | B], A).

merge([], B) -> B;
merge(A, []) -> A;
merge([X | A], [Y | _] = B) when X =< Y -> [X | merge(A, B)];
merge(A, [Y | B]) -> [Y | merge(A, B)].

rand(0, _, L) -> L;
rand(N, S, L) ->
    S1 = (S * 1103515245 + 12345) band 16#7fffffff,
    rand(N - 1, S1, [S1 | L]).
