%% Records what OTP says about a table of terms: encodings, hashes, sizes and order. The file terms-29.dat.gz was made with OTP 29.1.1 by
%%   erlc termtab.erl && erl -noshell -eval 'termtab:main(["terms-29.dat"]), halt().' && gzip -9n terms-29.dat
%% All numbers are 32 bits, big-endian; bytes are preceded by their number. Layout: the number of terms; for each: the external term, phash2 and phash
%% (32 bits), external_size, then the encodings with minor_version 0, minor_version 1 and deterministic; for each its rank in term order (the same for
%% terms that are ==); the number of distinct terms and their indices in the order of map keys; for each the index of the first term that is =:= to it.
-module(termtab).
-export([main/1]).
-export_record([vector,quad,none]).
-record #vector{x=10, y=1, z=5}.
-record #quad{quad1, quad2, quad3, quad4}.
-record #none{}.
-record #hidden{hid1, hid2, hid3=1, hid4=[]}.


f0() -> fun(X) -> X end.
f1(A) -> fun(X) -> {X, A} end.
f2(A, B) -> fun(X, Y) -> {X, Y, A, B} end.

un(Bits) -> %% unaligned window
    Sz = bit_size(Bits),
    <<_:3, R:Sz/bits, _/bits>> = <<5:3, Bits/bits, 1:2>>, R.

terms(WithFuns) ->
    Ints = lists:usort([S * ((1 bsl B) + D) || B <- [0,1,7,8,15,16,26,27,28,30,31,32,33,52,53,58,59,60,62,63,64,65,100,127,128,129,192,512,1023,1024,1025,2000,4096], D <- [-1,0,1], S <- [1,-1]]),
    Floats = [0.0,-0.0,1.0,-1.0,1.5,-2.25,0.1,3.14159,1.0e10,1.0e22,1.0e300,-1.0e300,5.0e-324,2.2250738585072014e-308,1.7976931348623157e308,
              9007199254740991.0,9007199254740992.0,9007199254740994.0,-9007199254740992.0,576460752303423488.0,1152921504606846976.0,-576460752303423488.0,
              18446744073709551616.0,1.0e100, 4294967296.0, 255.0, 65536.0, 0.5, 1.0000000000000002],
    Atoms = ['', a, b, c, ab, abc, z, true, false, undefined, nil, ok, 'Hello World', 'aaaaaaaaaaaaaaaa', 'aaaaaaaab', aaaaaaaa,
             'å', 'öäå', 'ÿ', 'Ā', '日本語', '😀', list_to_atom(lists:duplicate(255, $x)), list_to_atom(lists:duplicate(255, 16#e9)), list_to_atom(lists:duplicate(255, 16#65e5)), list_to_atom(lists:duplicate(128,16#e9)), list_to_atom(lists:duplicate(127,16#e9))],
    Bins = [list_to_binary([I rem 256 || I <- lists:seq(1, N)]) || N <- [0,1,2,3,4,5,7,8,9,11,12,13,15,16,17,23,24,25,35,36,37,63,64,65,66,100,255,256,1000,4000]],
    Bits = [<<(list_to_binary(lists:duplicate(N, 16#a7)))/bytes, V:B>> || N <- [0,1,3,8,11,12,63,64,65,200], {V,B} <- [{1,1},{2,3},{5,4},{127,7}]],
    UBins = [un(X) || X <- Bins ++ Bits],
    Lists = [[], [1], [1,2,3], "abc", "abcd", "abcde", lists:seq(1,255), lists:seq(0,300), [a], [a|b], [1|2], [1,2|3], "abc" ++ d, [[],[]], [[[[[[]]]]]],
             [1.0], [1,a], [a,1], [256], [255,256], [-1], "abc" ++ [d|"efg"], lists:duplicate(70000, 7), lists:duplicate(65535, 9), lists:duplicate(65536, 9), [a|"xyz"], ["abc","def"], [$a|[b|"c"]], [1|<<1>>]],
    Tuples = [{}, {1}, {a}, {1,2}, {1,1.0}, {1.0,1}, {a,{b,{c,{d}}}}, {[],[]}, {"abc"}, list_to_tuple(lists:seq(1,255)), list_to_tuple(lists:seq(1,256)), list_to_tuple(lists:duplicate(300, a)), {<<>>}, {{},{}}],
    M = fun maps:from_list/1,
    Maps = [#{}, #{a=>1}, #{a=>2}, #{b=>1}, #{a=>1,b=>2}, #{a=>2,b=>1}, #{a=>1,c=>0}, #{1=>a}, #{1.0=>a}, #{1=>a,1.0=>b}, #{1=>b,1.0=>a}, #{1=>1.0}, #{1=>1}, #{zz=>1,aa=>2}, #{zz=>2,aa=>1}, #{zz=>1,aa=>1},
            #{0.0=>x}, #{-0.0=>x}, #{0.0=>x,-0.0=>y}, #{"s"=>1,<<"b">> => 2,{t}=>3, z=>4, 7=>5, 2.0=>6}, #{#{}=>#{}}, #{#{a=>1}=>1}, #{#{a=>1.0}=>1}, #{[1]=>1}, #{[1.0]=>1},
            M([{I,I}||I<-lists:seq(1,32)]), M([{I,I}||I<-lists:seq(1,33)]), M([{I,I*I}||I<-lists:seq(1,33)]), M([{I,float(I)}||I<-lists:seq(1,33)]), M([{float(I),I}||I<-lists:seq(1,33)]),
            M([{I,I}||I<-lists:seq(2,34)]), M([{I,I}||I<-lists:seq(1,40)]), M([{I,I}||I<-lists:seq(1,40), I =/= 17] ++ [{17,17.0}]), M([{I,I}||I<-lists:seq(1,40), I =/= 17] ++ [{17,18}]), M([{I,I}||I<-lists:seq(1,40), I =/= 17] ++ [{17,18}, {3,2}]),
            M([{I,I}||I<-lists:seq(1,40), I =/= 17] ++ [{17.0,17}]), M([{I,I}||I<-lists:seq(1,40), I =/= 39] ++ [{0,17}]),
            M([{{I,[I]},<<I>>}||I<-lists:seq(1,50)]), M([{list_to_atom("k" ++ integer_to_list(I)),I}||I<-lists:seq(1,40)]), M([{list_to_atom("k" ++ integer_to_list(I)),-I}||I<-lists:seq(1,40)]), M([{I,M([{J,I*J}||J<-lists:seq(1,35)])}||I<-lists:seq(1,36)]),
            M([{I,x}||I<-lists:seq(1,1000)]), M([{<<I:16>>,I}||I<-lists:seq(1,3000)]), M([{<<I:16>>,I}||I<-lists:seq(1,3000), I =/= 777] ++ [{<<777:16>>, 3}]), M([{list_to_atom("m" ++ integer_to_list(I)),I}||I<-lists:seq(1,20)])],
    Ids = [binary_to_term(<<131,88,119,13,"nonode@nohost",N:32,S:32,0:32>>) || {N,S} <- [{0,0},{1,0},{90,0},{90,3},{32768,0},{268435455,7}]]
       ++ [binary_to_term(<<131,88,119,7,"foo@bar",N:32,S:32,C:32>>) || {N,S,C} <- [{0,0,1},{90,0,1},{90,0,2},{90,3,1}]]
       ++ [binary_to_term(<<131,120,119,13,"nonode@nohost",N:64,0:32>>) || N <- [0,1,77,1 bsl 33 + 5]]
       ++ [binary_to_term(<<131,120,119,7,"foo@bar",N:64,C:32>>) || {N,C} <- [{0,1},{77,1},{77,2},{1 bsl 40,1}]]
       ++ [binary_to_term(<<131,90,3:16,119,13,"nonode@nohost",0:32,A:32,B:32,C:32>>) || {A,B,C} <- [{1,2,3},{2,2,3},{1,3,3},{1,2,4},{200000,0,0}]]
       ++ [binary_to_term(iolist_to_binary([<<131,90,(length(L)):16,119,7,"foo@bar",Cr:32>>, [<<X:32>> || X <- L]])) || {L,Cr} <- [{[1,2,3],1},{[1,2,3],2},{[1,2],1},{[1],1},{[5,0,0],1},{[1,2,3,4,5],1},{[1 bsl 20, 7],1}]],
    Funs = [fun lists:map/2, fun lists:map/3, fun erlang:'+'/2, fun 'å':'日'/0, f0(), f1(1), f1(2), f1(1.0), f1("abc"), f2(a,#{b=>1}), f2(a,f1(1))],
    Mixed = [{a,1,"str",<<"bin">>,#{k=>[v]},1.5,1 bsl 80}, [{K,V} || {K,V} <- [{a,1},{b,2}]], {error,{badmatch,[1,2,{3,4}]}}, [[a,b],[c,d],"ef"], {ok,#{list=>[1,2,3],nested=>#{x=>{y,z}}}},
             lists:foldl(fun(I,A) -> {I,A} end, nil, lists:seq(1,1000)), lists:foldl(fun(_,A) -> [A] end, [], lists:seq(1,2000))],
    Records = [#vector{}, #vector{x=11}, #vector{y=1.0}, #vector{z=[a,#quad{quad1=1,quad2=2,quad3=3,quad4=4}]}, #quad{quad1=1,quad2=2,quad3=3,quad4=4}, #quad{quad1=1,quad2=2.0,quad3=3,quad4=4}, #none{}, #hidden{hid1=1,hid2=2}, #hidden{hid1=0,hid2=3}, {#none{}},
               #{#none{} => 1}, #hidden{hid1=#{},hid2=#hidden{hid1=a,hid2=b}}],
    (case WithFuns of true -> Funs ++ [[f1(x), fun lists:map/2, "abc", self_pid]]; false -> [] end) ++ Records ++ Ints ++ Floats ++ Atoms ++ Bins ++ Bits ++ UBins ++ Lists ++ Tuples ++ Maps ++ Ids ++ Mixed.

w(Fd, N) when is_integer(N) -> file:write(Fd, <<N:32>>);
w(Fd, B) when is_binary(B) -> file:write(Fd, [<<(byte_size(B)):32>>, B]).

main([Out | Opts]) ->
    Ts0 = terms(Opts =:= [funs]),
    %% distinct (=:=) terms in Compare order (stable: original index breaks ties); rank numbers are the same for == terms
    Ts = Ts0,
    Ix = lists:zip(lists:seq(0, length(Ts)-1), Ts),
    {ok, Fd} = file:open(Out, [write, raw, binary, delayed_write]),
    w(Fd, length(Ts)),
    [begin
         w(Fd, term_to_binary(T)),
         w(Fd, erlang:phash2(T, 1 bsl 32)),
         w(Fd, erlang:phash(T, 1 bsl 32) - 1),
         w(Fd, erlang:external_size(T)),
         w(Fd, term_to_binary(T, [{minor_version,0}])),
         w(Fd, term_to_binary(T, [{minor_version,1}])),
         w(Fd, term_to_binary(T, [deterministic]))
     end || T <- Ts],
    %% sorted order with ==
    Sorted = lists:sort(fun({I,A},{J,B}) -> if A == B -> I =< J; true -> A < B end end, Ix),
    {Ranks, _} = lists:mapfoldl(fun({I,T}, none) -> {{I,0}, {0,T}};
                                   ({I,T}, {R,P}) when T == P -> {{I,R}, {R,T}};
                                   ({I,T}, {R,_}) -> {{I,R+1}, {R+1,T}} end, none, Sorted),
    [w(Fd, R) || {_, R} <- lists:sort(Ranks)],
    %% map key order: through maps:to_list(ordered) of a map with all of them as keys
    KO = maps:iterator(maps:from_list([{T,I} || {I,T} <- Ix]), ordered),
    Keys = klist(maps:next(KO)),
    w(Fd, length(Keys)),
    [w(Fd, I) || I <- Keys],
    %% the pairs that are =:= (index of the first equal one)
    First = lists:foldl(fun({I,T}, M) -> case M of #{T := _} -> M; _ -> M#{T => I} end end, #{}, Ix),
    [w(Fd, maps:get(T, First)) || T <- Ts],
    file:close(Fd),
    io:format("~p terms~n", [length(Ts)]).

klist(none) -> [];
klist({_, I, It}) -> [I | klist(maps:next(It))].
