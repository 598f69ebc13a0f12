%% A hand-written JSON parser and printer over binaries.
-module(b_json).
-export([main/0]).

main() ->
    Doc = iolist_to_binary(print([record(I) || I <- lists:seq(1, 500)])),
    {byte_size(Doc), loop(45, Doc, 0)}.

loop(0, _, Acc) -> Acc;
loop(N, Doc, Acc) ->
    {V, <<>>} = value(ws(Doc)),
    Out = iolist_to_binary(print(V)),
    true = byte_size(Out) =:= byte_size(Doc),
    loop(N - 1, Doc, (Acc * 31 + erlang:phash2(V)) rem 1000000007).

record(I) ->
    #{<<"id">> => I, <<"name">> => <<"Item \"", (integer_to_binary(I))/binary, "\"\n">>, <<"ok">> => I rem 2 =:= 0,
      <<"none">> => null, <<"values">> => [I, -I, I * 1000003, [], #{}], <<"sub">> => #{<<"a">> => [true, false], <<"b">> => <<"x">>}}.

ws(<<C, R/binary>>) when C =:= $\s; C =:= $\n; C =:= $\t; C =:= $\r -> ws(R);
ws(B) -> B.

value(<<${, R/binary>>) -> object(ws(R), #{});
value(<<$[, R/binary>>) -> array(ws(R), []);
value(<<$", R/binary>>) -> string(R, <<>>);
value(<<"true", R/binary>>) -> {true, R};
value(<<"false", R/binary>>) -> {false, R};
value(<<"null", R/binary>>) -> {null, R};
value(<<$-, R/binary>>) -> {N, R1} = number(R, 0), {-N, R1};
value(<<C, _/binary>> = B) when C >= $0, C =< $9 -> number(B, 0).

number(<<C, R/binary>>, N) when C >= $0, C =< $9 -> number(R, N * 10 + C - $0);
number(R, N) -> {N, R}.

string(<<$", R/binary>>, Acc) -> {Acc, R};
string(<<$\\, $n, R/binary>>, Acc) -> string(R, <<Acc/binary, $\n>>);
string(<<$\\, C, R/binary>>, Acc) -> string(R, <<Acc/binary, C>>);
string(<<C, R/binary>>, Acc) -> string(R, <<Acc/binary, C>>).

array(<<$], R/binary>>, Acc) -> {lists:reverse(Acc), R};
array(<<$,, R/binary>>, Acc) -> array(ws(R), Acc);
array(B, Acc) -> {V, R} = value(B), array(ws(R), [V | Acc]).

object(<<$}, R/binary>>, M) -> {M, R};
object(<<$,, R/binary>>, M) -> object(ws(R), M);
object(<<$", R/binary>>, M) ->
    {K, R1} = string(R, <<>>),
    <<$:, R2/binary>> = ws(R1),
    {V, R3} = value(ws(R2)),
    object(ws(R3), M#{K => V}).

print(null) -> <<"null">>;
print(true) -> <<"true">>;
print(false) -> <<"false">>;
print(N) when is_integer(N) -> integer_to_binary(N);
print(B) when is_binary(B) -> [$", [esc(C) || <<C>> <= B], $"];
print(L) when is_list(L) -> [$[, commas([print(V) || V <- L]), $]];
print(M) when is_map(M) -> [${, commas([[print(K), $:, print(V)] || {K, V} <- lists:sort(maps:to_list(M))]), $}].

commas([]) -> [];
commas([X]) -> [X];
commas([X | Xs]) -> [X, $, | commas(Xs)].

esc($") -> <<"\\\"">>;
esc($\n) -> <<"\\n">>;
esc($\\) -> <<"\\\\">>;
esc(C) -> C.
