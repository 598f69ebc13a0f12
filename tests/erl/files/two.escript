#!/usr/bin/env escript
%%! -foo bar -a b c
main(_) -> io:format("~0p~n",[init:get_arguments()]).
