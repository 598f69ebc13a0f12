%% A module with a thousand catches, loaded again and again: their numbers come back when an old version is purged.
-module(conc_catches).
-export([reload/2, caught/1]).
-compile(nowarn_deprecated_catch).

-define(TEN(M), M, M, M, M, M, M, M, M, M, M).
-define(ONE, catch f(X)).
-define(HUNDRED, ?TEN([?TEN(?ONE)])).

caught(X) -> [[?TEN([?HUNDRED])]].

f(0) -> throw(zero);
f(X) -> X.

reload(_, N) ->
    {ok, Beam} = file:read_file("output_files/concurrency/conc_catches.beam", [raw]),
    Target = binary:replace(Beam, <<"conc_catches">>, <<"conc_catched">>, [global]),
    load(Target),
    {ok, lists:sum([begin load(Target), check(conc_catched:caught(K rem 2)), 1 end || K <- lists:seq(1, N)])}.

load(Beam) ->
    {module, conc_catched} = code:load_binary(conc_catched, "conc_catched.beam", Beam),
    code:purge(conc_catched).

check([Lists]) ->
    1000 = length([V || V <- lists:flatten(Lists), V =:= zero orelse V =:= 1]).
