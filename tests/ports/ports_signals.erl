%% Signals of the operating system as messages.
-module(ports_signals).
-export([all/0]).

all() ->
    catch unregister(erl_signal_server),
    register(erl_signal_server, self()),
    Names = [{"HUP", sighup}, {"QUIT", sigquit}, {"ABRT", sigabrt}, {"ALRM", sigalrm}, {"TERM", sigterm}, {"USR1", sigusr1}, {"USR2", sigusr2},
             {"CHLD", sigchld}, {"TSTP", sigtstp}, {"CONT", sigcont}, {"WINCH", sigwinch}],
    Set = [os:set_signal(S, handle) || {_, S} <- [{"STOP", sigstop} | Names]],
    Got = [begin send(N), wait(S) end || {N, S} <- Names],
    os:set_signal(sighup, ignore),
    send("HUP"),
    Bad = [try os:set_signal(S, O) catch error:R -> R end || {S, O} <- [{sigint, handle}, {none, ignore}, {sigterm, x}, {1, ignore}, {siginfo, handle}]],
    {Set, Got, Bad, os:set_signal(sigterm, default)}.

send(Name) -> os:cmd("kill -" ++ Name ++ " " ++ os:getpid()).
wait(S) -> receive {notify, S} -> S after 2000 -> none end.
