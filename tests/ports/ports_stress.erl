%% Ports under load: what comes back must be what was sent, in its order, and nothing of a port may stay behind.
-module(ports_stress).
-export([many/1, large/1, lines/1, commands/1, killed/1, owners/1, child/2]).

%% Processes with ports of their own, one after another, closed in three ways.
many(N) ->
    process_flag(trap_exit, true),
    [spawn_link(?MODULE, child, [I, 10]) || I <- lists:seq(1, N)],
    [receive {'EXIT', P, R} when is_pid(P) -> R end || _ <- lists:seq(1, N)] =:= lists:duplicate(N, normal) andalso left().

child(_, 0) -> ok;
child(I, K) ->
    P = open_port({spawn, "cat"}, [binary, {packet, 4}]),
    B = binary:copy(<<I:32>>, 1000 * K),
    [true = port_command(P, B) || _ <- [1, 2, 3]],
    [receive {P, {data, B}} -> ok end || _ <- [1, 2, 3]],
    M = monitor(port, P),
    case K rem 3 of
        0 -> port_close(P);
        1 -> P ! {self(), close};
        2 -> exit(P, normal)
    end,
    receive {'DOWN', M, port, P, normal} -> ok end,
    child(I, K - 1).

%% N MB through cat in one piece.
large(N) ->
    P = open_port({spawn, "cat"}, [binary]),
    D = << <<I:64>> || I <- lists:seq(1, N * 131072) >>,
    S = self(),
    spawn(fun() -> port_command(P, D), S ! sent end),
    R = take(P, byte_size(D), []),
    receive sent -> ok end,
    unlink(P),
    port_close(P),
    R =:= D andalso left().

take(_, 0, D) -> iolist_to_binary(D);
take(P, N, D) -> receive {P, {data, B}} -> take(P, N - byte_size(B), [D, B]) end.

%% Lines of a program, each once and in order.
lines(N) ->
    P = open_port({spawn, "seq 1 " ++ integer_to_list(N)}, [{line, 20}, exit_status, binary]),
    lines(P, 1) =:= {N + 1, 0} andalso left().

lines(P, I) ->
    B = integer_to_binary(I),
    receive
        {P, {data, {eol, B}}} -> lines(P, I + 1);
        {P, {exit_status, S}} -> {I, S};
        {P, X} -> {wrong, I, X}
    end.

%% os:cmd by many at once.
commands(N) ->
    S = self(),
    [spawn(fun() -> S ! {I, os:cmd("echo " ++ integer_to_list(I))} end) || I <- lists:seq(1, N)],
    [receive {I, R} -> R end || I <- lists:seq(1, N)] =:= [integer_to_list(I) ++ "\n" || I <- lists:seq(1, N)] andalso left().

%% Ports that are killed while processes wait for them and data is under way.
killed(N) ->
    process_flag(trap_exit, true),
    L = [begin
             P = open_port({spawn, "sleep 100"}, [binary]),
             W = [spawn_monitor(fun() -> catch port_command(P, binary:copy(<<"x">>, 100000)), catch port_command(P, "y") end) || _ <- [1, 2, 3]],
             {os_pid, O} = erlang:port_info(P, os_pid),
             {P, W, O}
         end || _ <- lists:seq(1, N)],
    [exit(P, kill) || {P, _, _} <- L],
    [receive {'EXIT', P, killed} -> ok end || {P, _, _} <- L],
    [receive {'DOWN', M, _, _, normal} -> ok end || {_, W, _} <- L, {_, M} <- W],
    os:cmd(["kill", [[" ", integer_to_list(O)] || {_, _, O} <- L]]),
    left().

%% Owners that die with ports.
owners(N) ->
    [begin
         {_, M} = spawn_monitor(fun() -> [open_port({spawn, "cat"}, []) || _ <- [1, 2, 3]], exit(I) end),
         receive {'DOWN', M, _, _, I} -> ok end
     end || I <- lists:seq(1, N)],
    left().

left() -> left(500).
left(0) -> {left, [erlang:port_info(P) || P <- erlang:ports()]};
left(N) ->
    case [P || P <- erlang:ports(), erlang:port_info(P, name) =/= {name, "forker"}] of
        [] -> true;
        _ -> receive after 10 -> left(N - 1) end
    end.
