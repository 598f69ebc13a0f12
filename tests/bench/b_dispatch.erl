%% Pattern dispatch: clauses on atoms, integers and tuples; a byte-code machine in a list of tuples.
-module(b_dispatch).
-export([main/0]).

main() ->
    Ops = [push, {add, 3}, dup, {mul, 5}, swap, {sub, 7}, pop, inc, dec, neg, {andi, 16#ffff}, {xori, 4242},
           {jmp, 1}, nop, {'case', 17}, {pair, a, b}, {pair, b, a}, {triple, 1, 2, 3}, halt],
    {run(900000, Ops, 1, 0), ints(30000000, 0, 0)}.

run(0, _, A, B) -> {A, B};
run(N, Ops, A, B) ->
    {A1, B1} = exec(Ops, A, B),
    run(N - 1, Ops, A1, B1).

exec([Op | Ops], A, B) ->
    case Op of
        push -> exec(Ops, A, (A + B) band 16#fffff);
        pop -> exec(Ops, B, A);
        dup -> exec(Ops, A, A);
        swap -> exec(Ops, B, A);
        inc -> exec(Ops, A + 1, B);
        dec -> exec(Ops, A - 1, B);
        neg -> exec(Ops, -A, B);
        nop -> exec(Ops, A, B);
        {add, X} -> exec(Ops, A + X, B);
        {sub, X} -> exec(Ops, A - X, B);
        {mul, X} -> exec(Ops, A * X, B);
        {andi, X} -> exec(Ops, A band X, B);
        {xori, X} -> exec(Ops, A bxor X, B);
        {jmp, 0} -> exec(Ops, 0, B);
        {jmp, _} -> exec(Ops, A, B);
        {'case', X} -> exec(Ops, A + kind(X), B + kind(A band 31));
        {pair, a, b} -> exec(Ops, A + 10, B);
        {pair, b, a} -> exec(Ops, A, B + 10);
        {triple, X, Y, Z} -> exec(Ops, A + X * Y, B + Z);
        halt -> {A band 16#ffff, B band 16#ffff}
    end.

kind(0) -> 3; kind(1) -> 1; kind(2) -> 4; kind(3) -> 1; kind(4) -> 5; kind(5) -> 9; kind(6) -> 2; kind(7) -> 6;
kind(8) -> 5; kind(9) -> 3; kind(10) -> 5; kind(11) -> 8; kind(12) -> 9; kind(13) -> 7; kind(14) -> 9;
kind(17) -> 32; kind(19) -> 84; kind(23) -> 62; kind(29) -> 64; kind(31) -> 33;
kind(N) when N > 20 -> 0;
kind(_) -> -1.

ints(0, _, Acc) -> Acc;
ints(N, S, Acc) ->
    case S of
        0 -> ints(N - 1, 3, Acc + 1);
        1 -> ints(N - 1, 7, Acc + N);
        2 -> ints(N - 1, 5, Acc bxor N);
        3 -> ints(N - 1, 6, Acc - 2);
        4 -> ints(N - 1, 2, Acc band 16#ffffff);
        5 -> ints(N - 1, 1, Acc + 5);
        6 -> ints(N - 1, 4, Acc bxor 16#aaaa);
        7 -> ints(N - 1, 0, Acc + kind(Acc band 31))
    end.
