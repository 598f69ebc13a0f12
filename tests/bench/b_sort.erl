%% lists:sort, usort, keysort, sort/2 with a fun, merge; integers, tuples and atoms/binaries.
-module(b_sort).
-export([main/0]).

main() ->
    L = rand(100000, 42, []),
    A = lists:sort(L),
    B = lists:usort([X rem 5000 || X <- L]),
    K = lists:keysort(2, [{X, X rem 997, X rem 3} || X <- L]),
    F = lists:sort(fun(X, Y) -> X > Y end, L),
    T = lists:sort([{X rem 10, X} || X <- L]),
    S = lists:sort([integer_to_binary(X) || X <- L]),
    M = lists:merge(A, B),
    {check(A), length(B), erlang:phash2(K), erlang:phash2(F), erlang:phash2(T), erlang:phash2(S), length(M),
     erlang:phash2(lists:ukeysort(1, lists:reverse(K)))}.

check([A, B | T]) when A =< B -> check([B | T]);
check([_]) -> true;
check(_) -> false.

rand(0, _, L) -> L;
rand(N, S, L) ->
    S1 = (S * 1103515245 + 12345) band 16#7fffffff,
    rand(N - 1, S1, [S1 bsr 3 | L]).
