%% For tests of the command line: a process that waits for input keeps nobody else waiting; on_load functions may write.
-module(cli_input).
-export([main/0, ends/0, halts/0, forever/0, loads/0]).
-on_load(init/0).

init() -> io:format("on_load~n").

%% Another process writes while this one's line has not come.
main() ->
    Self = self(),
    _ = spawn(fun() -> Self ! {line, io:get_line("> ")} end),
    receive after 100 -> io:format("meanwhile~n") end,
    receive {line, L} -> io:format("~tp~n", [L]) end,
    io:format("~p~n", [[io:get_chars("", 0), io:get_chars("", 3), io:get_line(""), io:get_line(""), io:get_line("")]]).

ends() ->
    reader(),
    io:format("the end~n").

halts() ->
    reader(),
    io:format("halt~n"),
    halt(3).

forever() ->
    reader(),
    receive never -> ok end.

reader() ->
    _ = spawn(fun() -> io:get_line("") end),
    receive after 50 -> ok end.

%% code:load_binary/3 runs on_load functions in processes of their own.
loads() ->
    register(cli_input, self()),
    load(a1, "ok"),
    load(a2, "error"),
    load(a3, "exit(no)"),
    load(a4, "receive after 20 -> ok end"),
    load(a5, "cli_input ! {self(), hello}, ok"),
    receive {P, hello} -> io:format("~p~n", [P =/= self()]) end,
    load(a6, "spawn(fun() -> register(lurk, self()), receive x -> y end end), receive after 20 -> no end"),
    receive after 50 -> io:format("~p~n", [whereis(lurk)]) end,
    load(a1, "nope"),
    Self = self(),
    Names = [b1, b2, b3],
    _ = [spawn(fun() -> Self ! code:load_binary(N, "x", module(N, "receive after 20 -> ok end")) end) || N <- Names],
    io:format("~p~n", [lists:sort([receive {module, _} = X -> X end || _ <- Names])]).

load(Name, Body) ->
    R = code:load_binary(Name, "x.erl", module(Name, Body)),
    V = try Name:v() catch error:undef -> undef end,
    io:format("~p~n", [{R, V, code:is_loaded(Name) =/= false}]).

module(Name, Body) ->
    Forms = [form(T) || T <- ["init() -> " ++ Body ++ ".", "v() -> " ++ atom_to_list(Name) ++ "."]],
    {ok, Name, Code} = compile:forms([{attribute, 1, module, Name}, {attribute, 1, export, [{v, 0}]}, {attribute, 1, on_load, {init, 0}} | Forms]),
    Code.

form(Text) ->
    {ok, Tokens, _} = erl_scan:string(Text),
    {ok, Form} = erl_parse:parse_form(Tokens),
    Form.
