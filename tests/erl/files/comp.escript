#!/usr/bin/env escript
-mode(compile).
main(_) -> io:format("~p~n",[f(10)]).
f(0) -> 0;
f(N) -> N + f(N-1).
