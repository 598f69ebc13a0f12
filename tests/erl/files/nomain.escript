#!/usr/bin/env escript
nomain(_) -> ok.
