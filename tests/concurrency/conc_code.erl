%% A module with large literals, which conc_literals loads again and again.
-module(conc_code).
-export([term/0, text/0, map/0, call/1]).

-define(A, 1, a, "text", {2.5, <<"short">>}).
-define(B, {?A, ?A, ?A, ?A}).
-define(C, [?B, ?B, ?B, ?B | ?B]).
-define(D, {?C, ?C, ?C, ?C, ?C}).
-define(E, [?D, ?D, ?D, ?D, ?D]).
-define(T, "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz").

term() -> [?E, ?E, ?E, 123456789012345678901234567890].
text() -> <<?T, ?T, ?T, ?T, ?T, ?T, ?T, ?T>>.
map() -> #{list => [?C, ?C], tuple => {?C}, <<"key">> => #{deeper => ?B}, 1 => fun ?MODULE:call/1}.

%% What it gives does not name this version.
call(F) -> F(term()).
