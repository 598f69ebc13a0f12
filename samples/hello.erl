%% Prints a line through OTP's io module: mybeam run output_files/hello.beam
-module(hello).
-export([main/0]).

main() -> io:format("Hello, ~s!~n", ["world"]).
