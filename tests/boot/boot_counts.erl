%% Counts the calls of a boot by call_count tracing, set by the boot script before anything but init runs: for scripts/boot-counts.
-module(boot_counts).
-export([script/1, start/0, report/0]).

%% Writes FILE.boot: OTP's start.boot with this module loaded and started first.
script([From, To]) ->
    {ok, Bin} = file:read_file(From),
    {script, Id, [First | Rest]} = binary_to_term(Bin),
    Ebin = filename:dirname(filename:absname(code:which(?MODULE))),
    Begin = [{path, [Ebin]}, {primLoad, [?MODULE]}, {apply, {?MODULE, start, []}}],
    ok = file:write_file(To, term_to_binary({script, Id, [First | Begin ++ Rest]})),
    halt().

start() ->
    _ = erlang:trace_pattern({'_', '_', '_'}, true, [call_count]),
    _ = erlang:trace_pattern(on_load, true, [call_count]),
    ok.

report() ->
    _ = erlang:trace_pattern({'_', '_', '_'}, pause, [call_count]),
    Modules = [M || M <- erlang:loaded(), M =/= ?MODULE],
    Counts = [{{M, F, A}, N} || M <- Modules, {F, A} <- M:module_info(functions), {call_count, N} <- [erlang:trace_info({M, F, A}, call_count)], is_integer(N), N > 0],
    {Natives, Erlang} = lists:partition(fun({MFA, _}) -> is_native(MFA) end, Counts),
    io:format("modules ~w~nfunctions ~w~ncalls ~w~nnatives ~w~nnative_calls ~w~n",
              [length(Modules), length(Erlang), lists:sum([N || {_, N} <- Erlang]), length(Natives), lists:sum([N || {_, N} <- Natives])]),
    [io:format("~0p ~w~n", [MFA, N]) || {MFA, N} <- lists:sort(Counts)],
    halt().

is_native({M, F, A}) -> erlang:is_builtin(M, F, A) orelse lists:member({M, F, A}, nifs()).

nifs() -> [{M, F, A} || M <- [prim_file, prim_tty, prim_buffer, zlib, erl_tracer], {F, A} <- nifs(M)].

nifs(M) -> proplists:get_value(nifs, M:module_info(), []).
