%% gen_server:call/2.
-module(c_call).
-behaviour(gen_server).
-export([main/0, init/1, handle_call/3, handle_cast/2]).

main() ->
    {ok, Server} = gen_server:start(?MODULE, 0, []),
    Sum = calls(Server, 300000, 0),
    ok = gen_server:stop(Server),
    Sum.

calls(_, 0, Sum) -> Sum;
calls(Server, N, Sum) -> calls(Server, N - 1, Sum + gen_server:call(Server, {add, N})).

init(State) -> {ok, State}.

handle_call({add, N}, _From, State) -> {reply, State rem 7, State + N}.

handle_cast(_, State) -> {noreply, State}.
