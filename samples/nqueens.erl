%% How many ways N queens stand on a board without attacking each other, and the first of them: mybeam run output_files/nqueens.beam main 8
-module(nqueens).
-export([main/0, main/1, count/1, solutions/1]).

main() -> main(8).

main(N) ->
    case solutions(N) of
        [] -> io:format("~b queens: no solution~n", [N]);
        [First | _] = All ->
            io:format("~b queens: ~b solutions, the first:~n", [N, length(All)]),
            lists:foreach(fun(Q) -> io:format("~s~n", [row(Q, N)]) end, First)
    end.

count(N) -> length(solutions(N)).

solutions(N) -> place(N, N).

place(0, _) -> [[]];
place(K, N) -> [[Q | Qs] || Qs <- place(K - 1, N), Q <- lists:seq(1, N), safe(Q, 1, Qs)].

safe(_, _, []) -> true;
safe(Q, D, [P | Ps]) -> Q =/= P andalso abs(Q - P) =/= D andalso safe(Q, D + 1, Ps).

row(Q, N) -> [case C of Q -> "Q "; _ -> ". " end || C <- lists:seq(1, N)].
