%% List building and walking: naive reverse of short and long lists.
-module(b_nrev).
-export([main/0]).

main() ->
    L30 = seq(1, 30),
    L = repeat(140000, L30),
    L2 = nrev(seq(1, 3000)),
    {L, hd(L2), sum(L2, 0)}.

repeat(1, L) -> sum(nrev(L), 0);
repeat(N, L) -> _ = nrev(L), repeat(N - 1, L).

nrev([]) -> [];
nrev([H | T]) -> app(nrev(T), [H]).

app([], L) -> L;
app([H | T], L) -> [H | app(T, L)].

seq(N, M) when N > M -> [];
seq(N, M) -> [N | seq(N + 1, M)].

sum([], S) -> S;
sum([H | T], S) -> sum(T, S + H).
