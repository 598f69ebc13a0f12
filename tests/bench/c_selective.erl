%% Calls by a process that has 50,000 other messages waiting.
-module(c_selective).
-behaviour(gen_server).
-export([main/0, init/1, handle_call/3, handle_cast/2]).

main() ->
    {ok, Server} = gen_server:start(?MODULE, 0, []),
    _ = [self() ! {junk, I} || I <- lists:seq(1, 50000)],
    Sum = calls(Server, 100000, 0),
    ok = gen_server:stop(Server),
    Sum + flush(0).

calls(_, 0, Sum) -> Sum;
calls(Server, N, Sum) -> calls(Server, N - 1, Sum + gen_server:call(Server, N)).

flush(Sum) -> receive {junk, I} -> flush(Sum + I) after 0 -> Sum end.

init(State) -> {ok, State}.

handle_call(N, _From, State) -> {reply, N, State}.

handle_cast(_, State) -> {noreply, State}.
