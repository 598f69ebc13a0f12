%% Exceptions: throw, error, exit and BIF failures caught near and far; try ... after; old-style catch.
-module(b_except).
-compile(nowarn_deprecated_catch).
-export([main/0]).

main() -> loop(1000000, 0).

loop(0, Acc) -> Acc;
loop(N, Acc) ->
    A = try risky(N) catch throw:{low, X} -> X; error:badarith -> 2; exit:_ -> 3; error:{badmatch, _} -> 4 end,
    B = try deep(8, N) of V -> V catch _:R -> element(2, R) after put(last, N) end,
    C = case catch risky(N + 1) of {'EXIT', _} -> 7; {low, Y} -> Y; Z -> Z end,
    loop(N - 1, (Acc * 3 + A + B + C) band 16#ffffff).

risky(N) ->
    case N rem 8 of
        0 -> throw({low, N band 15});
        1 -> 10 div (N rem 1 * 2);
        2 -> exit(done);
        3 -> {ok, _} = other(N), 1;
        _ -> N band 3
    end.

other(N) -> {error, N}.

deep(0, N) when N rem 2 =:= 0 -> error({deep, N band 31});
deep(0, N) -> N band 7;
deep(D, N) -> 1 + deep(D - 1, N).
