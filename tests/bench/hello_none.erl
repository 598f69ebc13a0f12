%% Start-up measurement: calls nothing.
-module(hello_none).
-export([main/0]).

main() -> ok.
