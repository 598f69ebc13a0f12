%% Binary matching: byte scans (word count, checksums) over a 200 KB binary.
-module(b_bin_match).
-export([main/0]).

main() ->
    B = make(200000, 12345, []),
    loop(50, B, {0, 0, 0}).

loop(0, _, Acc) -> Acc;
loop(N, B, {W, A, V}) ->
    {A1, A2} = adler(B, 1, 0),
    loop(N - 1, B, {W + words(B, 0, out), (A + A1 * 65536 + A2) band 16#ffffffff, V + vowels(B, 0)}).

make(0, _, L) -> list_to_binary(L);
make(N, S, L) ->
    S1 = (S * 1103515245 + 12345) band 16#7fffffff,
    make(N - 1, S1, [element((S1 bsr 16) rem 12 + 1, {$a, $e, $t, $n, $o, $s, $\s, $r, $\n, $i, $\s, $d}) | L]).

words(<<$\s, R/binary>>, N, _) -> words(R, N, out);
words(<<$\n, R/binary>>, N, _) -> words(R, N, out);
words(<<_, R/binary>>, N, out) -> words(R, N + 1, in);
words(<<_, R/binary>>, N, in) -> words(R, N, in);
words(<<>>, N, _) -> N.

adler(<<C, R/binary>>, A, B) ->
    A1 = (A + C) rem 65521,
    adler(R, A1, (B + A1) rem 65521);
adler(<<>>, A, B) -> {A, B}.

vowels(<<C, R/binary>>, N) when C =:= $a; C =:= $e; C =:= $i; C =:= $o; C =:= $u -> vowels(R, N + 1);
vowels(<<_, R/binary>>, N) -> vowels(R, N);
vowels(<<>>, N) -> N.
