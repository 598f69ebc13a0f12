%% Float arithmetic in registers: the Mandelbrot set.
-module(b_mandel).
-export([main/0]).

-define(SIZE, 420).
-define(MAX, 200).

main() -> rows(0, 0).

rows(?SIZE, Acc) -> Acc;
rows(Y, Acc) -> rows(Y + 1, (Acc * 31 + cols(0, Y * 2.0 / ?SIZE - 1.0, 0)) rem 1000000007).

cols(?SIZE, _, Acc) -> Acc;
cols(X, Ci, Acc) -> cols(X + 1, Ci, Acc + iterate(0.0, 0.0, X * 3.0 / ?SIZE - 2.0, Ci, 0)).

iterate(_, _, _, _, ?MAX) -> ?MAX;
iterate(Zr, Zi, Cr, Ci, N) ->
    R2 = Zr * Zr, I2 = Zi * Zi,
    if R2 + I2 > 4.0 -> N;
       true -> iterate(R2 - I2 + Cr, 2.0 * Zr * Zi + Ci, Cr, Ci, N + 1)
    end.
