%% Calls nothing at all, and returns a term: mybeam run output_files/hello_bare.beam
-module(hello_bare).
-export([main/0]).

main() -> {hello, world, [1, 2.5, "three", <<"four">>]}.
