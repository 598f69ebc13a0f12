%% Large integers of a few hundred digits: the spigot algorithm for pi.
-module(b_pidigits).
-export([main/0]).

main() ->
    Ds = digits(3000, {1, 0, 0, 1}, 1, []),
    {length(Ds), lists:sum(Ds), lists:sublist(Ds, 12), erlang:phash2(Ds)}.

digits(0, _, _, Acc) -> lists:reverse(Acc);
digits(N, Z, K, Acc) ->
    D = extract(Z, 3),
    case extract(Z, 4) of
        D -> digits(N - 1, comp({10, -10 * D, 0, 1}, Z), K, [D | Acc]);
        _ -> digits(N, comp(Z, {K, 4 * K + 2, 0, 2 * K + 1}), K + 1, Acc)
    end.

extract({Q, R, S, T}, X) -> (Q * X + R) div (S * X + T).

comp({Q, R, S, T}, {Q2, R2, S2, T2}) ->
    {Q * Q2 + R * S2, Q * R2 + R * T2, S * Q2 + T * S2, S * R2 + T * T2}.
