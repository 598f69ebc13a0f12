#!/usr/bin/env escript
main(_) -> Y = 1, ok.
