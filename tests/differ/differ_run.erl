%% Runs generated modules and writes down what came out; the same module runs on OTP and on MyBeam (scripts/differ compares the two files).
%% For each module of Dir/list from number From on: a line "> NAME", a line for each call of NAME:calls(), and a line "< NAME". A file that ends after ">" is a VM that died.
-module(differ_run).
-export([main/4, id/1]).

-define(NODES, 20000).          % Parts of a term that are shown.
-define(TEXT, 3000).            % Characters of a line; of longer ones the start and a hash of the whole.

main(Dir, Out, From, Limit) ->
    logger:set_primary_config(level, none),
    {ok, List} = file:read_file(filename:join(Dir, "list")),
    Skip = skipped(filename:join(Dir, "skip")),
    Names = [hd(binary:split(Line, <<" ">>)) || Line <- binary:split(List, <<"\n">>, [global, trim_all])],
    {ok, File} = file:open(filename:join(Dir, Out), [append, raw, binary]),
    lists:foreach(fun(Name) -> lists:member(Name, Skip) orelse module(Dir, Out, File, Name, Limit) end, lists:nthtail(From, Names)),
    ok = file:close(File).

%% The modules that OTP did not end in time.
skipped(File) ->
    case file:read_file(File) of
        {ok, Skip} -> binary:split(Skip, <<"\n">>, [global, trim_all]);
        {error, enoent} -> []
    end.

module(Dir, Out, File, Name, Limit) ->
    case beam(Dir, Out, Name) of
        {ok, Code} ->
            ok = file:write(File, ["> ", Name, "\n"]),
            Module = binary_to_atom(Name),
            case code:load_binary(Module, binary_to_list(Name) ++ ".beam", Code) of
                {module, Module} ->
                    Calls = Module:calls(),
                    ok = file:write(File, [[call(Module, N, Call, Limit), $\n] || {N, Call} <- lists:enumerate(Calls)]),
                    code:delete(Module),
                    code:purge(Module);
                Wrong ->
                    ok = file:write(File, io_lib:format("not loaded: ~w~n", [Wrong]))
            end,
            ok = file:write(File, ["< ", Name, "\n"]);
        {error, enoent} ->
            ok
    end.

%% What OTP must run of a module that an old compiler compiled is in a folder beside.
beam(Dir, Out, Name) ->
    Own = filename:join([Dir, Out ++ ".only", <<Name/binary, ".beam">>]),
    case file:read_file(Own) of
        {ok, Code} -> {ok, Code};
        {error, _} -> file:read_file(filename:join(Dir, <<Name/binary, ".beam">>))
    end.

%% Each call has a process of its own: nothing is left over for the next one. Its line is made there too.
call(Module, N, {Function, Arguments}, Limit) ->
    Parent = self(),
    Tag = make_ref(),
    {Pid, Monitor} = spawn_monitor(fun() -> Parent ! {Tag, outcome(Module, Function, Arguments)} end),
    Line = receive
               {Tag, Text} -> Text;
               {'DOWN', Monitor, process, Pid, Reason} -> [<<"ended ">>, bounded(Reason)]
           after Limit ->
                   <<"too long">>
           end,
    exit(Pid, kill),
    erlang:demonitor(Monitor, [flush]),
    receive {Tag, _} -> ok after 0 -> ok end,
    [integer_to_binary(N), $\s, atom_to_binary(Function), <<": ">>, Line].

outcome(Module, Function, Arguments) ->
    Outcome = try apply(Module, Function, Arguments) of
                  Value -> {value, Value}
              catch
                  Class:Reason -> {Class, Reason}
              end,
    Messages = process_info(self(), message_queue_len),
    bounded({Outcome, get(log), Messages}).

bounded(Term) ->
    {Shown, _} = show(Term, ?NODES),
    Text = unicode:characters_to_binary(Shown),
    case byte_size(Text) of
        Size when Size =< ?TEXT -> Text;
        Size -> [binary:part(Text, 0, ?TEXT), io_lib:format("... ~w ~w", [Size, erlang:md5(Text)])]
    end.

%% The text of a term, without what may differ: order in maps, identities of pids and references. {Text, Nodes left}.
show(_, Left) when Left =< 0 -> {"...", 0};
show(T, Left) when is_integer(T), abs(T) < 1 bsl 4096 -> {integer_to_binary(T), Left - 1};
show(T, Left) when is_integer(T) -> {["integer of ", integer_to_list(byte_size(term_to_binary(T))), " bytes, ", integer_to_list(erlang:phash2(T))], Left - 1};
show(T, Left) when is_float(T) -> <<Bits:64>> = <<T/float>>, {[float_to_binary(T, [short]), $_, integer_to_binary(Bits, 16)], Left - 1};
show(T, Left) when is_atom(T) -> {io_lib:format("~tw", [T]), Left - 1};
show([], Left) -> {"[]", Left - 1};
show(T, Left) when is_list(T) ->
    {Text, Rest} = elements(T, Left - 1, []),
    {[$[, Text, $]], Rest};
show(T, Left) when is_tuple(T) ->
    {Text, Rest} = elements(tuple_to_list(T), Left - 1, []),
    {[${, Text, $}], Rest};
show(T, Left) when is_map(T) -> map(T, Left);
show(T, Left) when is_bitstring(T) ->
    Whole = bit_size(T) div 8,
    Shown = min(Whole, 1000),
    Odd = bit_size(T) rem 8,
    <<Bytes:Shown/binary, _/bits>> = T,
    <<_:Whole/binary, Last:Odd>> = T,
    {["<<", lists:join($,, [integer_to_binary(B) || <<B>> <= Bytes]), [[" of ", integer_to_binary(Whole), $\s, integer_to_binary(erlang:crc32(<<T/bits, 0:(7 - (bit_size(T) + 7) rem 8)>>))] || Whole > Shown],
      [[$;, integer_to_binary(Last), $:, integer_to_binary(Odd)] || Odd > 0], ">>"], Left - 1 - Whole div 16};
show(T, Left) when is_function(T) ->
    {module, Module} = erlang:fun_info(T, module),
    {arity, Arity} = erlang:fun_info(T, arity),
    case erlang:fun_info(T, type) of
        {type, external} ->
            {name, Name} = erlang:fun_info(T, name),
            {io_lib:format("fun ~tw:~tw/~w", [Module, Name, Arity]), Left - 1};
        {type, local} ->
            {env, Env} = erlang:fun_info(T, env),
            {Text, Rest} = show(Env, Left - 1),
            {[io_lib:format("fun ~tw/~w", [Module, Arity]), Text], Rest}
    end;
show(T, Left) when is_pid(T) -> {"pid", Left - 1};
show(T, Left) when is_reference(T) -> {"ref", Left - 1};
show(T, Left) when is_port(T) -> {"port", Left - 1};
show(T, Left) -> record(T, Left).

elements([H], Left, Shown) ->
    {Text, Rest} = show(H, Left),
    {lists:reverse(Shown, [Text]), Rest};
elements([H | T], Left, Shown) when Left > 0 ->
    {Text, Rest} = show(H, Left),
    elements(T, Rest, [$,, Text | Shown]);
elements([_ | _], _, Shown) ->
    {lists:reverse(Shown, ["..."]), 0};
elements([], Left, Shown) ->
    {lists:reverse(Shown), Left};
elements(Tail, Left, [_Comma | Shown]) ->
    {Text, Rest} = show(Tail, Left),
    {lists:reverse(Shown, [$|, Text]), Rest}.

%% Entries go by the text of their keys: 1 and 1.0 are different keys that compare equal. What is cut off must not depend on the order.
map(T, Left) ->
    Entries = lists:sort([begin {K, _} = show(Key, Left), {unicode:characters_to_binary(K), Value} end || {Key, Value} <- maps:to_list(T)]),
    {Text, Rest} = lists:mapfoldl(fun({Key, Value}, L) -> {V, L1} = show(Value, L), {[Key, "=>", V], L1 - 1} end, Left - 1, Entries),
    {["#{", lists:join($,, Text), $}], Rest}.

%% A native record (OTP 29); by erlang functions, because older compilers do not know its syntax.
record(T, Left) ->
    {io_lib:format("~0tkp", [T]), Left - 1}.

%% Nothing is known of its result when a module is compiled.
id(X) -> X.
