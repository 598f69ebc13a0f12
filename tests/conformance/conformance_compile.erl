%% Compiles suites and their helper modules; runs on real OTP. `erl -s conformance_compile main FILE`: FILE holds {[{Source, OutFolder, Options}], Workers}.
-module(conformance_compile).
-export([main/1]).

main([File]) ->
    {ok, [{Jobs, Workers}]} = file:consult(File),
    Self = self(),
    Shared = spawn(fun() -> give(Jobs) end),
    Pids = [spawn_monitor(fun() -> work(Shared, Self) end) || _ <- lists:seq(1, Workers)],
    [receive {'DOWN', Ref, _, Pid, _} -> ok end || {Pid, Ref} <- Pids],
    halt(0).

give([J | Js]) -> receive {next, Pid} -> Pid ! {job, J} end, give(Js);
give([]) -> receive {next, Pid} -> Pid ! none end, give([]).

work(Shared, Main) ->
    Shared ! {next, self()},
    receive
        none -> ok;
        {job, {Source, Out, Options}} ->
            case compile:file(Source, [{outdir, Out}, return_errors | Options]) of
                {ok, _} -> ok;
                error -> io:format("cannot compile ~ts~n", [Source]);
                {error, Errors, _} -> io:format("cannot compile ~ts: ~0tP~n", [Source, Errors, 12])
            end,
            work(Shared, Main)
    end.
