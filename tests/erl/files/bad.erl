-module(bad).
-export([f/1]).
f(X) -> Y.
g( -> x.
