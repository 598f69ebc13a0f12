%% Stands in for stdlib's peer: no second node is started, the case is skipped instead.
%% kernel asks it at the boot whether this node is a peer.
-module(peer).
-export([start/1, start_link/0, start_link/1, stop/1, random_name/0, random_name/1, supervision_child_spec/0, call/4, call/5, cast/4, send/3, get_state/1]).

start(_) -> exit({skip, "needs a second node"}).
start_link() -> start(x).
start_link(_) -> start(x).
stop(_) -> ok.
supervision_child_spec() -> none.
random_name() -> random_name(?MODULE).
random_name(Prefix) -> lists:concat([Prefix, "-", erlang:unique_integer([positive]), "-", os:getpid()]).
call(_, _, _, _) -> start(x).
call(_, _, _, _, _) -> start(x).
cast(_, _, _, _) -> start(x).
send(_, _, _) -> start(x).
get_state(_) -> down.
