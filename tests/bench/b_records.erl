%% Tuples: record updates, element/setelement, tuples as small state machines.
-module(b_records).
-export([main/0]).

-record(st, {a = 0, b = 1, c = 2, d = 3, e = [], f = undefined, g = 0, h = 0}).

main() ->
    S = step(9000000, #st{}),
    T = spin(8000000, {1, 2, 3, 4, 5, 6, 7, 8}),
    {S#st.a, S#st.b, S#st.c, S#st.d, S#st.g, S#st.h, T}.

step(0, S) -> S;
step(N, #st{a = A, b = B} = S) when N band 1 =:= 0 ->
    step(N - 1, S#st{a = B + 1, b = A, g = N});
step(N, #st{c = C, d = D, h = H} = S) when N rem 3 =:= 0 ->
    step(N - 1, S#st{c = D, d = C + H band 7, h = (H + 5) band 1023});
step(N, #st{h = H} = S) ->
    step(N - 1, S#st{h = H + 1, f = N}).

spin(0, T) -> T;
spin(N, T) ->
    I = N rem 8 + 1,
    J = (N bsr 3) rem 8 + 1,
    spin(N - 1, setelement(I, T, (element(J, T) + N) band 16#ffff)).
