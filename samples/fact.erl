%% Factorials, as large as memory allows: mybeam run output_files/fact.beam fact 100
-module(fact).
-export([main/0, fact/1]).

main() -> fact(20).

fact(0) -> 1;
fact(N) when is_integer(N), N > 0 -> N * fact(N - 1).
