%% ets: inserts and lookups of one process in a set and an ordered_set.
-module(c_ets).
-export([main/0]).

main() -> table(set) + table(ordered_set).

table(Type) ->
    T = ets:new(t, [Type]),
    insert(T, 200000),
    Sum = lookup(T, 200000, 0),
    true = ets:delete(T),
    Sum.

insert(_, 0) -> ok;
insert(T, N) -> ets:insert(T, {N * 7919 rem 1000003, N, [data]}), insert(T, N - 1).

lookup(_, 0, Sum) -> Sum;
lookup(T, N, Sum) -> [{_, V, _}] = ets:lookup(T, N * 7919 rem 1000003), lookup(T, N - 1, Sum + V).
