%% Large integers: factorial, Fibonacci numbers, powers, division, text conversion.
-module(b_bignum).
-export([main/0]).

main() -> loop(14, []).

loop(0, Acc) -> {length(Acc), lists:usort(Acc)};
loop(I, Acc) ->
    F = fact(2000, 1),
    Fib = fib(20000, 0, 1),
    P = pow(3, 20000),
    Q = P div F,
    R = P rem (Fib + 1),
    S = integer_to_binary(Fib),
    G = gcd(F div 1000003, pow(6, 3000)),
    X = mix(20000, 16#123456789abcdef0123456789abcdef),
    R1 = {F rem 1000000007, Fib rem 1000000007, Q rem 1000000007, R rem 1000000007, byte_size(S),
     binary_to_integer(S) =:= Fib, erlang:phash2(S), G rem 1000000007, X},
    loop(I - 1, [R1 | Acc]).

fact(0, A) -> A;
fact(N, A) -> fact(N - 1, A * N).

fib(0, A, _) -> A;
fib(N, A, B) -> fib(N - 1, B, A + B).

pow(_, 0) -> 1;
pow(B, N) when N band 1 =:= 1 -> B * pow(B, N - 1);
pow(B, N) -> H = pow(B, N div 2), H * H.

gcd(A, 0) -> A;
gcd(A, B) -> gcd(B, A rem B).

mix(0, X) -> X;
mix(N, X) ->
    Y = (X bxor (X bsl 7)) band 16#ffffffffffffffffffffffffffffffff,
    mix(N - 1, (Y bxor (Y bsr 9)) * 25214903917 rem 16#fffffffffffffffffffffffffffffff1).
