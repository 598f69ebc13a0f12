#!/usr/bin/env escript
%% -*- erlang -*-
%%! -foo bar +S 1
main(Args) -> io:format("~0p ~0p ~0p~n", [Args, escript:script_name(), init:get_argument(foo)]), halt(3).
