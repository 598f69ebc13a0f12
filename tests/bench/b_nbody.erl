%% Floats in tuples: the n-body simulation (planets of the outer solar system).
-module(b_nbody).
-export([main/0]).

main() ->
    Bodies = offset(bodies()),
    End = advance(200000, 0.01, Bodies),
    {trunc(energy(Bodies) * 1.0e9), trunc(energy(End) * 1.0e9)}.

bodies() ->
    Y = 365.24, S = 4 * math:pi() * math:pi(),
    [{0.0, 0.0, 0.0, 0.0, 0.0, 0.0, S},
     {4.84143144246472090, -1.16032004402742839, -0.103622044471123109,
      0.00166007664274403694 * Y, 0.00769901118419740425 * Y, -0.0000690460016972063023 * Y, 0.000954791938424326609 * S},
     {8.34336671824457987, 4.12479856412430479, -0.403523417114321381,
      -0.00276742510726411 * Y, 0.00499852801234917238 * Y, 0.0000230417297573763929 * Y, 0.000285885980666130812 * S},
     {12.8943695621391310, -15.1111514016986312, -0.223307578892655734,
      0.00296460137564761618 * Y, 0.00237847173959480950 * Y, -0.0000296589568540237556 * Y, 0.0000436624404335156298 * S},
     {15.3796971148509165, -25.9193146099879641, 0.179258772950371181,
      0.00268067772490389322 * Y, 0.00162824170038242295 * Y, -0.0000951592254519715870 * Y, 0.0000515138902046611451 * S}].

offset([{X, Y, Z, _, _, _, M} | Rest] = All) ->
    {Px, Py, Pz} = lists:foldl(fun({_, _, _, Vx, Vy, Vz, Mi}, {A, B, C}) ->
                                       {A + Vx * Mi, B + Vy * Mi, C + Vz * Mi} end, {0.0, 0.0, 0.0}, All),
    [{X, Y, Z, -Px / M, -Py / M, -Pz / M, M} | Rest].

advance(0, _, Bs) -> Bs;
advance(N, Dt, Bs) -> advance(N - 1, Dt, move(Dt, pairs(Dt, Bs))).

pairs(_, []) -> [];
pairs(Dt, [B | Bs]) ->
    {B1, Bs1} = against(Dt, B, Bs, []),
    [B1 | pairs(Dt, Bs1)].

against(_, B, [], Acc) -> {B, lists:reverse(Acc)};
against(Dt, {X, Y, Z, Vx, Vy, Vz, M}, [{X2, Y2, Z2, Wx, Wy, Wz, M2} | Rest], Acc) ->
    Dx = X - X2, Dy = Y - Y2, Dz = Z - Z2,
    D2 = Dx * Dx + Dy * Dy + Dz * Dz,
    Mag = Dt / (D2 * math:sqrt(D2)),
    A = M2 * Mag, C = M * Mag,
    against(Dt, {X, Y, Z, Vx - Dx * A, Vy - Dy * A, Vz - Dz * A, M}, Rest,
            [{X2, Y2, Z2, Wx + Dx * C, Wy + Dy * C, Wz + Dz * C, M2} | Acc]).

move(_, []) -> [];
move(Dt, [{X, Y, Z, Vx, Vy, Vz, M} | Bs]) ->
    [{X + Dt * Vx, Y + Dt * Vy, Z + Dt * Vz, Vx, Vy, Vz, M} | move(Dt, Bs)].

energy(Bs) -> energy(Bs, 0.0).

energy([], E) -> E;
energy([{X, Y, Z, Vx, Vy, Vz, M} | Bs], E) ->
    K = 0.5 * M * (Vx * Vx + Vy * Vy + Vz * Vz),
    P = lists:foldl(fun({X2, Y2, Z2, _, _, _, M2}, S) ->
                            Dx = X - X2, Dy = Y - Y2, Dz = Z - Z2,
                            S + M * M2 / math:sqrt(Dx * Dx + Dy * Dy + Dz * Dz) end, 0.0, Bs),
    energy(Bs, E + K - P).
