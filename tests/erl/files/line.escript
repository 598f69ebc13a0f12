#!/usr/bin/env escript
main(_) -> io:format("~ts~n",[io:get_line("")]).
