#!/usr/bin/env escript
main(_) -> foo:bar().
