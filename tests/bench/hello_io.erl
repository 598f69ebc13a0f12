%% Start-up measurement: prints a line through io:format.
-module(hello_io).
-export([main/0]).

main() -> io:format("Hello, ~s!~n", ["world"]).
