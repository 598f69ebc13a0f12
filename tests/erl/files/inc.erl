-module(inc).
-include("h.hrl").
-export([f/0]).
f() -> {?H, ?D}.
