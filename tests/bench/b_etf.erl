%% External term format: term_to_binary and binary_to_term of nested data.
-module(b_etf).
-export([main/0]).

main() ->
    T = [item(I) || I <- lists:seq(1, 3000)],
    loop(35, T, 0).

item(I) ->
    {user, I, <<"user", (integer_to_binary(I))/binary>>, "list of chars",
     #{id => I, tags => [a, b, c], score => I / 7, big => (1 bsl 70) + I, nested => {I, [I, -I], #{}}}}.

loop(0, _, Acc) -> Acc;
loop(N, T, Acc) ->
    B = term_to_binary(T),
    T2 = binary_to_term(B),
    true = T2 =:= T,
    loop(N - 1, T2, (Acc * 31 + byte_size(B) + erlang:phash2(T2)) rem 1000000007).
