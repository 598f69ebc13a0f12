-module(good2).
-export([f/0]).
f() -> {ok, ?MODULE}.
