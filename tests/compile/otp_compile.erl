%% Compiles an application of OTP from its sources, as its Makefile does, in the VM that runs this: for scripts/compile-otp.
-module(otp_compile).
-export([main/0]).

%% Plain arguments: the application's name, its source folder, its version, a folder for generated sources, one for the results.
main() ->
    [App, Src, Vsn, Gen, Out] = init:get_plain_arguments(),
    Begin = erlang:monotonic_time(millisecond),
    Parsers = [parser(F, Gen) || F <- lists:sort(filelib:wildcard(filename:join(Src, "*.yrl")))],
    Files = lists:usort(Parsers ++ filelib:wildcard(filename:join(Src, "*.erl")) ++ filelib:wildcard(filename:join(Gen, "*.erl"))),
    Failed = [F || F <- Files, not compile(F, App, Src, Vsn, Gen, Out)],
    [io:format("failed: ~ts~n", [F]) || F <- Failed],
    io:format("~w ~w ~w~n", [length(Files) - length(Failed), length(Failed), erlang:monotonic_time(millisecond) - Begin]),
    halt(case Failed of [] -> 0; _ -> 1 end).

%% The name of the generated file must not show in it: the two VMs work in different folders.
parser(File, Gen) ->
    To = filename:join(Gen, filename:basename(File, ".yrl") ++ ".erl"),
    {ok, _} = yecc:file(File, [{parserfile, To}, deterministic]),
    To.

compile(File, App, Src, Vsn, Gen, Out) ->
    Include = [filename:join([Src, Folder]) || Folder <- ["../include", "../../kernel/include", "../../kernel/src", "../../stdlib/include"]],
    Options = [{outdir, Out}, debug_info, deterministic, return, {i, Src}, {i, Gen}]
        ++ [{i, Folder} || Folder <- Include]
        ++ [{d, 'COMPILER_VSN', Vsn} || App =:= "compiler"]
        ++ [inline || App =:= "compiler", filename:basename(File) =/= "core_parse.erl"],
    case compile:file(File, Options) of
        {ok, _, _} -> true;
        {ok, _, _, _} -> true;
        {error, Errors, _} -> io:format("~ts: ~0tp~n", [File, Errors]), false
    end.
