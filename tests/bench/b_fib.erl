%% Function calls and small-integer arithmetic: naive Fibonacci.
-module(b_fib).
-export([main/0]).

main() -> fib(37).

fib(N) when N < 2 -> N;
fib(N) -> fib(N - 1) + fib(N - 2).
