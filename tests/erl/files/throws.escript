#!/usr/bin/env escript
main([]) -> throw(x); main([A]) -> exit(list_to_atom(A)); main([_,_]) -> error(badarg).
