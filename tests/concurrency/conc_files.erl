%% Files of many processes: owners that are killed while they read and write, files that processes are, one file that many append to.
-module(conc_files).
-export([owners/2, devices/2, appends/2, contents/2, fifos/2]).

-define(PATIENCE, 60000).

%% Whatever a killed process was doing to its files, their descriptors are free again.
owners(Seed, N) ->
    Name = name(Seed, "owners"),
    ok = file:write_file(Name, <<0:80000>>),
    Me = self(),
    Pids = [spawn_monitor(fun() ->
        rand:seed(exsss, Seed * 1000 + I),
        Fds = [element(2, {ok, _} = prim_file:open(Name, [read, write])) || _ <- lists:seq(1, rand:uniform(3))],
        Me ! ready,
        busy(Fds)
    end) || I <- lists:seq(1, N)],
    [receive ready -> ok after ?PATIENCE -> exit(hangs) end || _ <- Pids],
    true = descriptors(Name) >= N,
    rand:seed(exsss, Seed),
    [begin rand:uniform(4) =:= 1 andalso erlang:yield(), exit(Pid, kill) end || {Pid, _} <- Pids],
    [receive {'DOWN', Ref, process, _, killed} -> ok after ?PATIENCE -> exit(lost) end || {_, Ref} <- Pids],
    ok = wait_for(Name, ?PATIENCE div 10),
    ok = file:delete(Name),
    {ok, N}.

busy([Fd | Fds]) ->
    case rand:uniform(4) of
        1 -> {ok, _} = prim_file:pread(Fd, 0, 1000);
        2 -> ok = prim_file:pwrite(Fd, 0, [<<0:8000>>, <<0:800>>]);
        3 -> {ok, _} = prim_file:position(Fd, rand:uniform(100));
        4 -> {ok, _} = prim_file:read(Fd, 10)
    end,
    busy(Fds ++ [Fd]).

%% How many descriptors are of that file.
descriptors(Name) ->
    {ok, L} = prim_file:list_dir("/proc/self/fd"),
    length([Fd || Fd <- L, prim_file:read_link("/proc/self/fd/" ++ Fd) =:= {ok, Name}]).

wait_for(_, 0) -> still_open;
wait_for(Name, Tries) ->
    case descriptors(Name) of
        0 -> ok;
        _ -> receive after 10 -> wait_for(Name, Tries - 1) end
    end.

%% Files that are processes end with the process that opened them.
devices(Seed, N) ->
    Me = self(),
    Owners = [spawn_monitor(fun() ->
        Name = name(Seed, I),
        {ok, Fd} = file:open(Name, [write, delayed_write]),
        [ok = io:format(Fd, "~b~n", [K]) || K <- lists:seq(1, 20)],
        I rem 2 =:= 0 andalso (ok = file:close(Fd)),
        Me ! {file, I, Name, Fd},
        receive go -> ok end
    end) || I <- lists:seq(1, N)],
    Files = [receive {file, I, Name, Fd} -> {I, Name, Fd} after ?PATIENCE -> exit(hangs) end || _ <- Owners],
    Watched = [{monitor(process, Fd), F} || {_, _, Fd} = F <- Files],
    [Pid ! go || {Pid, _} <- Owners],
    [receive {'DOWN', Ref, process, _, normal} -> ok after ?PATIENCE -> exit(lost) end || {_, Ref} <- Owners],
    Sizes = [receive {'DOWN', Ref, process, _, _} -> S = filelib:file_size(Name), ok = file:delete(Name), {I rem 2, S} after ?PATIENCE -> exit(lost) end || {Ref, {I, Name, _}} <- Watched],
    %% What was closed is there as a whole.
    51 = lists:max([S || {0, S} <- Sizes] ++ [51]),
    51 = lists:min([S || {0, S} <- Sizes] ++ [51]),
    {ok, N}.

%% Lines that many processes append to one file stay whole.
appends(Seed, N) ->
    Name = name(Seed, "appends"),
    Pids = [spawn_monitor(fun() ->
        {ok, Fd} = file:open(Name, [raw, append]),
        [ok = file:write(Fd, [<<"<">>, integer_to_binary(I), binary:copy(<<"x">>, 100), <<">\n">>]) || _ <- lists:seq(1, N)],
        ok = file:close(Fd)
    end) || I <- lists:seq(1, 8)],
    [receive {'DOWN', Ref, process, _, normal} -> ok after ?PATIENCE -> exit(hangs) end || {_, Ref} <- Pids],
    {ok, Fd} = file:open(Name, [raw, read, read_ahead, binary]),
    Count = count(Fd, 0),
    ok = file:close(Fd),
    ok = file:delete(Name),
    {ok, Count}.

count(Fd, N) ->
    case file:read_line(Fd) of
        {ok, <<"<", _, Xs:100/binary, ">\n">>} -> Xs = binary:copy(<<"x">>, 100), count(Fd, N + 1);
        eof -> N
    end.

%% Each has files of its own; what it reads is what it wrote.
contents(Seed, N) ->
    Pids = [spawn_monitor(fun() ->
        rand:seed(exsss, Seed * 10 + I),
        Name = name(Seed, I),
        [begin
             Data = [rand:bytes(rand:uniform(300)) || _ <- lists:seq(1, rand:uniform(100))],
             ok = file:write_file(Name, Data),
             {ok, Back} = file:read_file(Name),
             Back = iolist_to_binary(Data),
             Size = byte_size(Back),
             {ok, Size} = file:copy(Name, Name ++ "2"),
             {ok, Back} = file:read_file(Name ++ "2"),
             ok = file:rename(Name ++ "2", Name)
         end || _ <- lists:seq(1, N)],
        ok = file:delete(Name)
    end) || I <- lists:seq(1, 6)],
    [receive {'DOWN', Ref, process, _, Why} -> normal = Why after ?PATIENCE -> exit(hangs) end || {_, Ref} <- Pids],
    {ok, N}.

name(Seed, Of) -> lists:flatten(io_lib:format("/tmp/mybeam_conc_~s_~b_~p", [os:getpid(), Seed, Of])).

%% Two that wait for each other in the system: the one must not stand behind the other for the same thread.
fifos(Seed, N) ->
    Name = name(Seed, fifos),
    "" = os:cmd("mkfifo " ++ Name),
    {ok, _} = prim_file:read_file_info(Name),
    Me = self(),
    [begin
         [spawn_link(fun() -> {ok, F} = prim_file:open(Name, [Mode]), ok = prim_file:close(F), Me ! Mode end) || Mode <- [read, write]],
         [receive Mode -> ok after ?PATIENCE -> exit(hangs) end || Mode <- [read, write]]
     end || _ <- lists:seq(1, N)],
    ok = file:delete(Name),
    {ok, N}.
