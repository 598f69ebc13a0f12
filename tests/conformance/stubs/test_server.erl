%% What OTP's suites call of test_server. There is no second node: what would start one ends the case as skipped.
-module(test_server).
-export([lookup_config/2, timetrap_scale_factor/0, is_cover/0, is_asan/0, is_valgrind/0, is_debug/0, is_native/1, memory_checker/0, sleep/1, timetrap/1,
         timetrap_cancel/0, timetrap_cancel/1, messages_get/0, minutes/1, seconds/1, hours/1, comment/1, format/1, format/2, format/3, fail/0, fail/1, timecall/3, do_times/2, do_times/4,
         m_out_of_n/3, temp_name/1, app_test/1, app_test/2, appup_test/1, run_on_shielded_node/2, peer_name/2, start_peer/1, start_peer/2, start_peer/3, start_peer/4,
         start_peer/5, start_node/3, stop_node/1, is_release_available/1, find_release/1, call_crash/3, call_crash/4, call_crash/5, capture_start/0, capture_stop/0, capture_get/0]).

-define(NO_NODE, exit({skip, "needs a second node"})).

lookup_config(Key, Config) -> case lists:keyfind(Key, 1, Config) of {_, V} -> V; false -> undefined end.

timetrap_scale_factor() -> 1.
is_cover() -> false.
is_asan() -> false.
is_valgrind() -> false.
is_debug() -> false.
is_native(_) -> false.
memory_checker() -> none.
sleep(T) -> ct:sleep(T).
timetrap(T) -> ct:timetrap(T), self().
timetrap_cancel() -> ok.
timetrap_cancel(_) -> ok.
minutes(N) -> N * 60000.
seconds(N) -> N * 1000.
hours(N) -> N * 3600000.
comment(_) -> ok.
format(_) -> ok.
format(_, _) -> ok.
format(_, _, _) -> ok.
fail() -> ct:fail(suite_failed).
fail(R) -> ct:fail(R).
capture_start() -> ct:capture_start().
capture_stop() -> ct:capture_stop().
capture_get() -> ct:capture_get().

messages_get() -> receive M -> [M | messages_get()] after 0 -> [] end.

timecall(M, F, A) -> {Micro, V} = timer:tc(M, F, A), {Micro / 1000000, V}.

do_times(0, _) -> ok;
do_times(N, F) -> F(), do_times(N - 1, F).
do_times(0, _, _, _) -> ok;
do_times(N, M, F, A) -> apply(M, F, A), do_times(N - 1, M, F, A).

%% The function must succeed at least M times out of N.
m_out_of_n(0, _, _) -> ok;
m_out_of_n(M, 0, _) -> exit({m_out_of_n_failed, {M, left_to_do}});
m_out_of_n(M, N, F) ->
    case catch F() of
        {'EXIT', _} -> m_out_of_n(M, N - 1, F);
        _ -> m_out_of_n(M - 1, N - 1, F)
    end.

temp_name(Stem) -> Stem ++ integer_to_list(erlang:unique_integer([positive])) ++ os:getpid().

app_test(_) -> exit({skip, "needs common_test's check of .app files"}).
app_test(_, _) -> app_test(x).
appup_test(_) -> app_test(x).

run_on_shielded_node(_, _) -> ?NO_NODE.
peer_name(Module, Case) -> peer:random_name(lists:concat([Module, "-", Case])).
start_peer(_) -> ?NO_NODE.
start_peer(_, _) -> ?NO_NODE.
start_peer(_, _, _) -> ?NO_NODE.
start_peer(_, _, _, _) -> ?NO_NODE.
start_peer(_, _, _, _, _) -> ?NO_NODE.
start_node(_, _, _) -> ?NO_NODE.
stop_node(_) -> true.
is_release_available(_) -> false.
find_release(_) -> not_available.

call_crash(M, F, A) -> call_crash(infinity, any, M, F, A).
call_crash(Time, M, F, A) -> call_crash(Time, any, M, F, A).
call_crash(_Time, Crash, M, F, A) ->
    case catch apply(M, F, A) of
        {'EXIT', Crash} -> ok;
        {'EXIT', _} when Crash =:= any -> ok;
        Other -> exit({not_the_crash, Other})
    end.
