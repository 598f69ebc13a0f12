%% Backtracking over lists: all solutions of the n-queens problem.
-module(b_queens).
-export([main/0]).

main() -> {place(12, 12, []), length(all(10))}.

place(0, _, _) -> 1;
place(K, N, Qs) -> try_cols(N, K, N, Qs, 0).

try_cols(0, _, _, _, Acc) -> Acc;
try_cols(C, K, N, Qs, Acc) ->
    case safe(C, 1, Qs) of
        true -> try_cols(C - 1, K, N, Qs, Acc + place(K - 1, N, [C | Qs]));
        false -> try_cols(C - 1, K, N, Qs, Acc)
    end.

safe(_, _, []) -> true;
safe(C, D, [Q | Qs]) when C =/= Q, C - Q =/= D, Q - C =/= D -> safe(C, D + 1, Qs);
safe(_, _, _) -> false.

all(N) -> all(N, N).
all(0, _) -> [[]];
all(K, N) -> [[C | Qs] || Qs <- all(K - 1, N), C <- lists:seq(1, N), safe(C, 1, Qs)].
