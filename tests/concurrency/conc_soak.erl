%% Everything for as long as is asked, in one VM: the cases of a module run one after the other, those of different modules at the same time; then those that
%% look at all processes of the VM, alone; and again, with another seed. Whatever is not given back shows in the memory of that VM, which
%% tests/run-concurrency --soak watches.
-module(conc_soak).
-export([soak/2]).

%% Gives {ok, Rounds} when every run gave what its line in tests/concurrency/cases says.
soak(Seed, Seconds) ->
    {Alone, Others} = lists:partition(fun({M, F, _, _}) -> M =:= conc_trees orelse F =:= crowd end, cases()),
    % The heaps of conc_long would hide what is looked for.
    Lanes = [Alone | [[C || C <- Others, element(1, C) =:= M] || M <- lists:usort([M || {M, _, _, _} <- Others]) -- [conc_long]]],
    {ok, rounds(Lanes, Seed, erlang:monotonic_time(millisecond) + Seconds * 1000, 0)}.

rounds([Alone | Lanes], Seed, End, N) ->
    Running = [spawn_monitor(fun() -> lane(Cases, Seed, End), exit(through) end) || Cases <- Lanes],
    [receive {'DOWN', R, process, P, through} -> ok; {'DOWN', _, _, _, Why} when Why =/= through -> exit(Why) end || {P, R} <- Running],
    lane(Alone, Seed, End),
    case erlang:monotonic_time(millisecond) < End of
        true -> rounds([Alone | Lanes], Seed + 1, End, N + 1);
        false -> N + 1
    end.

%% At least one case each, then until the time is up.
lane([], _, _) -> ok;
lane([{M, F, Size, Result} | Cases], Seed, End) ->
    {P, R} = spawn_monitor(fun() -> exit({result, M:F(Seed, Size)}) end),
    receive
        {'DOWN', R, process, P, {result, Result}} -> ok;
        {'DOWN', R, process, P, Why} -> exit({M, F, Seed, Size, Why})
    end,
    case erlang:monotonic_time(millisecond) < End of
        true -> lane(Cases, Seed, End);
        false -> ok
    end.

%% The lines MODULE FUNCTION N RESULT.
cases() ->
    {ok, Text} = file:read_file("tests/concurrency/cases", [raw]),
    [begin
         [M, F, Size, Result | _] = binary:split(Line, <<" ">>, [global]),
         {binary_to_atom(M), binary_to_atom(F), binary_to_integer(Size), result(Result)}
     end || Line <- binary:split(Text, <<"\n">>, [global, trim_all])].

result(<<"{ok,", R/binary>>) -> {ok, binary_to_integer(binary:part(R, 0, byte_size(R) - 1))}.
