%% ets: two processes that insert into and look up in the same table.
-module(c_ets2).
-export([main/0]).

main() ->
    T = ets:new(t, [set, public, {write_concurrency, true}, {read_concurrency, true}]),
    Self = self(),
    Workers = [spawn_link(fun() -> work(T, W, 200000), Self ! {self(), sum(T, W, 200000, 0)} end) || W <- [1, 2]],
    Sum = lists:sum([receive {W, S} -> S end || W <- Workers]),
    true = ets:delete(T),
    Sum.

work(_, _, 0) -> ok;
work(T, W, N) -> ets:insert(T, {{W, N}, N}), work(T, W, N - 1).

sum(_, _, 0, Sum) -> Sum;
sum(T, W, N, Sum) -> [{_, V}] = ets:lookup(T, {W, N}), sum(T, W, N - 1, Sum + V).
