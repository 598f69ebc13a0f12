%% What OTP's suites call of common_test, as far as conformance_runner needs it.
-module(ct).
-export([fail/1, fail/2, log/1, log/2, log/3, log/4, log/5, pal/1, pal/2, pal/3, pal/4, pal/5, print/1, print/2, print/3, print/4, comment/1, comment/2, sleep/1,
         timetrap/1, get_timetrap_info/0, get_progname/0, get_config/1, get_config/2, get_config/3, capture_start/0, capture_stop/0, capture_get/0, capture_get/1,
         milliseconds/1, notify/2, get_verbosity/1, require/1, require/2]).

fail(Reason) -> exit({test_case_failed, Reason}).
fail(Format, Args) -> exit({test_case_failed, try lists:flatten(io_lib:format(Format, Args)) catch _:_ -> {Format, Args} end}).

log(_) -> ok.
log(_, _) -> ok.
log(_, _, _) -> ok.
log(_, _, _, _) -> ok.
log(_, _, _, _, _) -> ok.
pal(_) -> ok.
pal(_, _) -> ok.
pal(_, _, _) -> ok.
pal(_, _, _, _) -> ok.
pal(_, _, _, _, _) -> ok.
print(_) -> ok.
print(_, _) -> ok.
print(_, _, _) -> ok.
print(_, _, _, _) -> ok.
comment(_) -> ok.
comment(_, _) -> ok.
notify(_, _) -> ok.
get_verbosity(_) -> undefined.
require(_) -> ok.
require(_, _) -> ok.

sleep(infinity) -> timer:sleep(infinity);
sleep(T) -> timer:sleep(milliseconds(T)).

timetrap(T) -> conformance_runner ! {timetrap, T}, ok.

get_timetrap_info() -> {60000, {true, 1}}.

get_progname() -> {ok, [[Name]]} = init:get_argument(progname), Name.

get_config(_) -> undefined.
get_config(_, Default) -> Default.
get_config(_, Default, _) -> Default.

capture_start() -> group_leader() ! capture_start, ok.
capture_stop() -> group_leader() ! capture_stop, ok.
capture_get() -> capture_get([]).
capture_get(_) ->
    Leader = group_leader(),
    Leader ! {capture_get, self()},
    receive {captured, Leader, Texts} -> Texts end.

milliseconds({hours, N}) -> N * 3600000;
milliseconds({minutes, N}) -> N * 60000;
milliseconds({seconds, N}) -> N * 1000;
milliseconds(N) when is_integer(N) -> N;
milliseconds(N) when is_float(N) -> trunc(N);
milliseconds(_) -> 3600000.
