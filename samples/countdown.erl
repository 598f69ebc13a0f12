%% Counts down; for measuring and for the tests of the native stack.
%%   mybeam run output_files/countdown.beam main 200000000      about 10^9 instructions
%%   mybeam run output_files/countdown.beam mixed 1000000       a bit of everything
-module(countdown).
-export([main/0, main/1, mixed/1]).

main() -> main(1000000).

%% Five instructions a round.
main(N) -> loop(N, 0).

loop(0, Sum) -> Sum;
loop(N, Sum) -> loop(N - 1, Sum + (N band 1)).

%% Calls and returns, natives, guards, tuples, lists, maps, binaries, floats, funs, exceptions, big integers.
mixed(N) -> mixed(N, 0, #{}, fun(X) -> X + 1 end).

mixed(0, Sum, Map, _) -> {Sum, map_size(Map)};
mixed(N, Sum, Map, F) ->
    T = {N, N rem 7, [N | Sum]},
    A = element(2, T) + F(N) + round(math:sqrt(float(N)) * 1.5),
    B = case caught(A) of
            {ok, V} when is_integer(V), V > 0 -> V;
            {error, odd} -> length(lists:reverse([a, b, A]))
        end,
    <<C:16, Rest/binary>> = <<B:32, "abc", (N rem 8):3, 0:5>>,
    Big = (1 bsl 64 + N) * 3 - (1 bsl 64) * 3,
    mixed(N - 1, Sum + C + byte_size(Rest) + Big + hd(element(3, T)) - N, Map#{N rem 40 => A}, F).

caught(A) ->
    try odd(A) of V -> {ok, V}
    catch error:Reason -> {error, Reason}
    end.

odd(A) when A band 1 =:= 1 -> error(odd);
odd(A) -> A + 1.
