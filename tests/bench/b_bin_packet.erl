%% Bit syntax: building and taking apart IPv4/TCP-like packet headers with sub-byte fields.
-module(b_bin_packet).
-export([main/0]).

main() -> loop(2000000, 1, 0).

loop(0, _, Acc) -> Acc;
loop(N, Seed, Acc) ->
    S = (Seed * 1103515245 + 12345) band 16#7fffffff,
    P = build(S, N),
    loop(N - 1, S, (Acc * 33 + parse(P)) band 16#ffffffff).

build(S, N) ->
    Src = S band 16#ffff, Dst = S bsr 15, Flags = S band 63,
    Body = <<N:32/little, S:64, (N band 255):8>>,
    Len = 20 + 20 + byte_size(Body),
    <<4:4, 5:4, 0:8, Len:16, (N band 16#ffff):16, 2:3, 0:13, 64:8, 6:8, 0:16, 10, 0, 0, 1, 192, 168, 1, 7,
      Src:16, Dst:16, N:32, S:32, 5:4, 0:6, Flags:6, 4096:16, 0:16, 0:16, Body/binary>>.

parse(<<4:4, IHL:4, _Tos:8, Len:16, Id:16, DF:3, Off:13, TTL:8, 6:8, _Sum:16, A:32, B:32, Rest/binary>>)
  when byte_size(Rest) =:= Len - IHL * 4 ->
    (Id + DF + Off + TTL + (A bxor B) + tcp(Rest)) band 16#ffffffff;
parse(_) -> -1.

tcp(<<Src:16, Dst:16, Seq:32, Ack:32, DO:4, _:6, U:1, AF:1, Ps:1, R:1, Sy:1, F:1, Win:16, _:32, Opt/binary>>) ->
    Skip = (DO - 5) * 4,
    <<_:Skip/binary, N:32/little, S:64/signed, L>> = Opt,
    Src + Dst * 3 + Seq bxor Ack + U + AF * 2 + Ps * 4 + R * 8 + Sy * 16 + F * 32 + Win + N + S + L.
