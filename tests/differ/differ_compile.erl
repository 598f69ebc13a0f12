%% A server of scripts/differ that compiles, on OTP 25, 27 and 29. Commands are lines on standard input, each answered by the line "done":
%%   compile DIR RELEASE       the modules of DIR/list for that release; what goes wrong goes to DIR/errors.RELEASE
%%   run DIR OUT LIMIT         runs them (differ_run) and writes DIR/OUT
%%   print FILE                the source in FILE, laid out, to FILE.pretty
%% A line of DIR/list: NAME RELEASE OPTIONS; the source is DIR/NAME.src.
-module(differ_compile).
-export([main/0]).

main() ->
    logger:set_primary_config(level, none),
    loop().

loop() ->
    case io:get_line("") of
        Ended when not is_list(Ended) -> halt(0, [{flush, false}]);
        Line ->
            command(string:lexemes(Line, " \n")),
            io:put_chars("done\n"),
            loop()
    end.

command(["compile", Dir, Release]) ->
    {ok, List} = file:read_file(filename:join(Dir, "list")),
    Wrong = [[Name, $\s, W] || Line <- string:lexemes(binary_to_list(List), "\n"), {Name, For, Options} <- [words(Line)], {Out, O} <- output(Dir, Release, For, Options), W <- module(Dir, Out, Name, O)],
    ok = file:write_file(filename:join(Dir, "errors." ++ Release), Wrong);
command(["run", Dir, Out, Limit]) ->
    {Pid, Monitor} = spawn_opt(fun() -> differ_run:main(Dir, Out, 0, list_to_integer(Limit)) end, [monitor]),
    receive {'DOWN', Monitor, process, Pid, _} -> ok end;
command(["print", File]) ->
    {ok, Source} = file:read_file(File),
    {ok, Forms} = parse(unicode:characters_to_list(Source)),
    ok = file:write_file(File ++ ".pretty", unicode:characters_to_binary([erl_pp:form(F) || F <- Forms])).

words(Line) ->
    [Name, For, Options] = string:split(Line, " ", all),
    {Name, For, Options}.

%% OTP 29 does not load everything that OTP 25 compiled, so it gets a file of its own.
output(Dir, Release, Release, Options) -> [{Dir, Options}];
output(Dir, "29", "25", _) -> [{filename:join(Dir, "otp.only"), "[]"}];
output(_, _, _, _) -> [].

module(Dir, Out, Name, Text) ->
    {ok, Tokens, _} = erl_scan:string(Text ++ "."),
    {ok, Options} = erl_parse:parse_term(Tokens),
    {ok, Source} = file:read_file(filename:join(Dir, Name ++ ".src")),
    try
        {ok, Forms} = parse(unicode:characters_to_list(Source)),
        {ok, _, Code} = compiled(in_time(fun() -> compile:forms(Forms, [binary, return_errors, deterministic | Options]) end)),
        ok = filelib:ensure_dir(filename:join(Out, "x")),
        ok = file:write_file(filename:join(Out, Name ++ ".beam"), Code),
        []
    catch
        _:Reason -> [io_lib:format("~0tP~n", [Reason, 40])]
    end.

%% Compilers go round for ever on some programs.
in_time(Work) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({done, Work()}) end),
    receive
        {'DOWN', Monitor, process, Pid, {done, Result}} -> Result;
        {'DOWN', Monitor, process, Pid, Reason} -> {error, Reason}
    after 20000 ->
        exit(Pid, kill),
        receive {'DOWN', Monitor, process, Pid, _} -> {error, too_long} end
    end.

compiled({error, Errors, _}) -> {error, Errors};
compiled(Done) -> Done.

parse(Source) ->
    Reserved = fun('maybe') -> keyword(); ('else') -> keyword(); (Word) -> erl_scan:reserved_word(Word) end,
    {ok, Tokens, _} = erl_scan:string(Source, 1, [{reserved_word_fun, Reserved}]),
    forms(Tokens, [], []).

keyword() -> list_to_integer(erlang:system_info(otp_release)) >= 27.

forms([], [], Forms) -> {ok, lists:reverse(Forms)};
forms([{dot, _} = Dot | Rest], Tokens, Forms) ->
    {ok, Form} = erl_parse:parse_form(lists:reverse(Tokens, [Dot])),
    forms(Rest, [], [Form | Forms]);
forms([Token | Rest], Tokens, Forms) -> forms(Rest, [Token | Tokens], Forms).
