%% A log that is written by one process for many, in files of limited size, and read again.
%%   mybeam run output_files/log_writer.beam main '"/tmp"' 2000
-module(log_writer).
-export([main/2, start/2, log/3, stop/1]).

-define(MAX_BYTES, 20000).
-define(WRITERS, 10).

main(Temporary, Entries) ->
    Folder = filename:join(Temporary, "log_writer_" ++ os:getpid()),
    ok = filelib:ensure_path(Folder),
    Log = start(Folder, ?MAX_BYTES),
    Writers = [spawn_monitor(fun() -> write_entries(Log, W, Entries div ?WRITERS) end) || W <- lists:seq(1, ?WRITERS)],
    [receive {'DOWN', Ref, process, Pid, normal} -> ok end || {Pid, Ref} <- Writers],
    ok = stop(Log),
    Files = lists:sort(filelib:wildcard("log.*", Folder)),
    {Levels, Bytes} = lists:foldl(fun(F, Acc) -> read(filename:join(Folder, F), Acc) end, {#{}, 0}, Files),
    io:format("~b files, ~b bytes~n", [length(Files), Bytes]),
    [io:format("~-8ts ~5b~n", [Level, N]) || {Level, N} <- lists:sort(maps:to_list(Levels))],
    ok = file:del_dir_r(Folder).

write_entries(Log, Writer, Count) ->
    [log(Log, level(N rem 7), io_lib:format("writer ~b, entry ~4..0b", [Writer, N])) || N <- lists:seq(1, Count)],
    ok.

level(0) -> <<"error">>;
level(N) when N < 3 -> <<"warning">>;
level(_) -> <<"info">>.

%% -- the log: start/2 gives it; log/3 does not wait; stop/1 waits until everything is in the files --

start(Folder, MaxBytes) -> spawn_link(fun() -> loop(Folder, MaxBytes, open(Folder, 1)) end).

log(Log, Level, Text) ->
    Log ! {log, Level, Text},
    ok.

stop(Log) ->
    Ref = monitor(process, Log),
    unlink(Log),
    Log ! stop,
    receive {'DOWN', Ref, process, Log, Reason} when Reason =:= normal -> ok end.

loop(Folder, MaxBytes, {Number, File, Bytes}) when Bytes > MaxBytes ->
    ok = file:close(File),
    loop(Folder, MaxBytes, open(Folder, Number + 1));
loop(Folder, MaxBytes, {Number, File, Bytes}) ->
    receive
        {log, Level, Text} ->
            Line = unicode:characters_to_binary([$[, Level, "] ", Text, $\n]),
            ok = file:write(File, Line),
            loop(Folder, MaxBytes, {Number, File, Bytes + byte_size(Line)});
        stop ->
            ok = file:close(File)
    end.

open(Folder, Number) ->
    Name = filename:join(Folder, io_lib:format("log.~3..0b", [Number])),
    {ok, File} = file:open(Name, [write, exclusive, delayed_write]),
    {Number, File, 0}.

%% -- reading: counts lines by their level --

read(Name, {Levels, Bytes}) ->
    {ok, File} = file:open(Name, [read, binary, read_ahead]),
    Counted = lines(File, Levels),
    ok = file:close(File),
    {Counted, Bytes + filelib:file_size(Name)}.

lines(File, Levels) ->
    case file:read_line(File) of
        {ok, <<"[", Rest/binary>>} ->
            [Level, _] = binary:split(Rest, <<"] ">>),
            lines(File, maps:update_with(Level, fun(N) -> N + 1 end, 1, Levels));
        eof ->
            Levels
    end.
