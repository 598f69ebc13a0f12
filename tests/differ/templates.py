"""What expressions of a type can look like, as texts with holes. Used by generate.py.

A line: WEIGHT TEXT. $NAME is a hole for an expression: $int $float $num $atom $bool $bin $bits $str $any $iol (iolists), $nz (an integer but 0), $small (0..7), $pos (1..4), $shift
(0..70), $base (2..36), $code (a character), $tup (some tuple), $lint (list of integers); $T is the type that is wanted and $U one more, chosen for the line; $LT, $LU are lists of
them, $MIT a map from integers to T, $K a type for keys, $MKT, $MKU maps with such keys; $FUT a fun from U to T, and so on: the last letter is the result. $v1, $v2 are new names of variables.
A line with ! often fails, so it is taken more seldom outside of try.
"""

INT = r"""
9 ($int + $int)
7 ($int - $int)
5 ($int * $int)
3 ($int div $nz)
3 ($int rem $nz)
1! ($int div $int)
1! ($int rem $int)
2 ($int band $int)
2 ($int bor $int)
2 ($int bxor $int)
2 bnot $int
3 ($int bsl $shift)
3 ($int bsr $shift)
1 ($int bsl - $shift)
2 abs($int)
1 - ($int)
3 length($LU)
2 byte_size($bin)
2 bit_size($bits)
1 tuple_size($tup)
2 map_size($MKU)
2 trunc($float)
2 round($float)
1 floor($num)
1 ceil($num)
2 binary_to_integer(integer_to_binary($int))
1 list_to_integer(integer_to_list($int, 16), 16)
1 binary_to_integer(integer_to_binary($int, 36), 36)
2 max($int, $int)
2 min($int, $int)
2 erlang:phash2($any)
1 erlang:phash2($any, 1000)
1 erlang:phash2($int, $nz band 16#ffff + 1)
1 erlang:crc32($bin)
1 erlang:adler32($bin)
1 erlang:crc32($small, $iol)
2 lists:sum($lint)
2 lists:foldl(fun($v1, $v2) -> $v1 + $v2 end, $int, $lint)
1 lists:foldr(fun($v1, $v2) -> $v1 - $v2 end, $int, $lint)
2 binary:decode_unsigned($bin)
1 binary:decode_unsigned($bin, little)
1 string:length($str)
1 iolist_size($iol)
1 byte_size(term_to_binary($any))
1 erlang:external_size($bits)
1! hd($lint)
1! lists:nth($pos, $lint)
1! lists:max($lint)
1! lists:last($lint)
1! binary:at($bin, $small)
1! binary_to_integer($bin)
1! list_to_integer($str)
1! binary:last($bin)
1! element($pos, $tup)
1 maps:fold(fun(_, $v1, $v2) -> $v1 + $v2 end, $int, $MKI)
1 differ_run:id($int)
1 ($int - $int) div 3
1 $int * $small + $int
1 ets_count($LU)
1 bin_sum($bin, $int)
1 lists:foldl(fun erlang:'+'/2, 0, $lint)
1 erlang:bit_size(<<($bits)/bits, ($bin)/binary>>)
1 length([$v1 || $v1 <- $LU, $v1 > b])
1 string:str($str, $str)
1 erlang:'bxor'($int, $int)
1 length(integer_to_list($int))
1 apply(erlang, $arith, [$int, $int])
1 lists:nth(1 + $small rem 3, [$int, $int, $int])
1 element(1 + $small rem 2, {$int, $int})
"""

FLOAT = r"""
6 ($float + $num)
5 ($num - $float)
5 ($float * $num)
3 ($num / $nz)
1! ($num / $num)
2 float($int)
1 abs($float)
1 - ($float)
2 math:sqrt(abs($float))
1 math:floor($num)
1 math:ceil($num)
1! math:pow($num, $small)
1! math:fmod($float, $num)
1 math:sin($small)
1! math:exp($small)
1! math:log($num)
2 binary_to_float(float_to_binary($float))
2 list_to_float(float_to_list($float, [short]))
1 list_to_float(float_to_list($float, [{scientific, 20}]))
1! binary_to_float($bin)
2 max($float, $float)
1 differ_run:id($float)
1 lists:foldl(fun($v1, $v2) -> $v1 + $v2 end, 0.0, $LF)
2 element($small rem 2 + 1, {$float, $float})
"""

ATOM = r"""
2 binary_to_atom($smallbin)
1 list_to_atom(integer_to_list($small))
1 binary_to_existing_atom(atom_to_binary($atom))
2 element($small rem 3 + 1, {$atom, $atom, $atom})
1! binary_to_existing_atom($smallbin)
"""

BOOL = r"""
4 ($any == $any)
3 ($U =:= $U)
3 ($int < $int)
2 ($any < $any)
2 ($U >= $U)
2 ($U =< $any)
2 ($num > $num)
2 ($num == $num)
2 ($num =:= $num)
1 ($any /= $any)
1 ($U =/= $U)
2 ($bool andalso $bool)
2 ($bool orelse $bool)
1 ($bool and $bool)
1 ($bool or $bool)
1 ($bool xor $bool)
2 not $bool
1 is_integer($any)
1 is_float($any)
1 is_atom($any)
1 is_list($any)
1 is_tuple($any)
1 is_map($any)
1 is_binary($bits)
1 is_bitstring($any)
1 is_number($any)
1 is_boolean($any)
1 is_function($any)
1 is_function($FUT, $small)
1 is_map_key($K, $MKU)
1 maps:is_key($K, $MKU)
2 lists:member($U, $LU)
1 lists:all($FUB, $LU)
1 lists:any($FUB, $LU)
1 lists:prefix($LU, $LU)
1 lists:suffix($LU, $LU)
1 lists:keymember($U, $pos, $LP)
1 string:is_empty($str)
1 string:equal($str, $bin)
1 ($bits < $bits)
1 ($LU < $LU)
1 ($MKU == $MKU)
1 ($MKU < $MKU)
1 differ_run:id($bool)
1 (binary:match($bin, <<"a">>) == nomatch)
"""

BIN = r"""
4 integer_to_binary($int)
1 integer_to_binary($int, $base)
2 float_to_binary($float, [short])
1! float_to_binary($float, [{decimals, $small}])
1! float_to_binary($float, [{decimals, $small}, compact])
1 float_to_binary($float, [{scientific, $small}])
2 atom_to_binary($atom)
3 list_to_binary([$small, $bin | $bin])
3 iolist_to_binary($iol)
2 <<($bin)/binary, ($bin)/binary>>
1! list_to_binary($lint)
2 unicode:characters_to_binary($str)
1 binary:copy($bin, $small)
2 binary:part($bin, 0, min(byte_size($bin), 0))
1! binary:part($bin, $small, $small)
1! binary_part($bin, $small, - $small)
1 binary:replace($bin, <<"a">>, $bin)
1 binary:replace($bin, [<<"1">>, <<"0">>, <<0>>], $smallbin, [global])
1 binary:encode_unsigned(abs($int))
1 binary:encode_unsigned(abs($int), little)
1 binary:encode_hex($bin)
1 binary:decode_hex(binary:encode_hex($bin, lowercase))
1 base64:encode($bin)
1 base64:decode(base64:encode($bin))
1! base64:decode($bin)
1 iolist_to_binary(lists:join(<<", ">>, [integer_to_binary($v1) || $v1 <- $lint]))
2 iolist_to_binary(io_lib:format("~w|~kp", [$plain, $any]))
1 iolist_to_binary(io_lib:format("~kw ~~ ~5w ~-7kw|", [$any, $num, $any]))
1 iolist_to_binary(io_lib:format("~.3f ~10.2e ~g", [$safefloat, $safefloat, $safefloat]))
1 iolist_to_binary(io_lib:format("~b ~.16B ~.36b ~x", [$int, $int, $int, $int, "0x"]))
1 unicode:characters_to_binary(io_lib:format("~ts|~10ts|~-8.3ts|~tkp", [$str, $bin2, $str, $any]))
1 unicode:characters_to_binary(io_lib:format("~0tkp ~tkw", [$any, $any]))
1 unicode:characters_to_binary(io_lib:format("~tkP|~kW", [$any, $pos, $any, 5]))
1 unicode:characters_to_binary(string:uppercase($str))
1 string:lowercase(unicode:characters_to_binary($str))
1 unicode:characters_to_binary($str, unicode, utf16)
1 unicode:characters_to_binary($str, unicode, {utf32, little})
1 erlang:md5($iol)
1 differ_run:id($bin)
1 list_to_binary(lists:reverse(binary_to_list($bin)))
1 << <<($v1 bxor 16#55)>> || <<$v1>> <= $bin >>
1 term_to_binary($plain)
1 term_to_binary($plain, [{minor_version, 1}])
1 iolist_to_binary([<<$v1>> || $v1 <- $lint, is_integer($v1)])
1 string:trim(<<"  x ", ($bin2)/binary, " ">>)
1! string:slice($bin, $small, $small)
1 iolist_to_binary(string:pad($bin2, $small, leading, $z))
1 binary:list_to_bin([$small, $smallbin])
1! binary:first($bin)
1 erlang:iolist_to_binary(erlang:iolist_to_iovec($iol))
1 zlib:uncompress(zlib:compress($bin))
1! iolist_to_binary(re:replace($bin, "[0-9a]+", "<&>", [global]))
"""

BITS = r"""
4 $bin
3 <<($bits)/bits, ($bits)/bits>>
1 list_to_bitstring([$bits, $small | $bits])
1 << <<$v1:3>> || $v1 <- $lint >>
1 << <<$v1:($pos)>> || $v1 <- $lint >>
1 << <<$v1/bits>> || <<$v1:5/bits>> <= $bits >>
1 differ_run:id($bits)
"""

STR = r"""
4 integer_to_list($int)
1 integer_to_list($int, $base)
1 float_to_list($float, [short])
1 float_to_list($float)
2 atom_to_list($atom)
2 ($str ++ $str)
2 lists:reverse($str)
1 string:uppercase($str)
1 string:lowercase($str)
1 string:titlecase($str)
1 string:casefold($str)
1 string:reverse($str)
1 string:trim($str)
1 string:trim($str, leading, "0-a")
1 string:slice($str, $small)
1 string:slice($str, $small, $small)
1 lists:flatten(string:pad($str, $small + 2, both, $z))
1 lists:flatten(string:replace($str, "a", $str, all))
1 lists:flatten(io_lib:format("~kw", [$any]))
1 lists:flatten(io_lib:format("~kp", [$any]))
1 lists:flatten(io_lib:print($plain, $pos, 40, $small))
1 io_lib:format("~s", [integer_to_list($int)])
1 binary_to_list($bin)
1! unicode:characters_to_list($bin)
1 [$v1 || $v1 <- $str, $v1 > $small + 48]
1 string:substr($str ++ "abc", $pos, $small rem 3)
1 string:join([$str, $str], ", ")
1 lists:concat([$int, $atom, $str])
1 string:strip($str)
1 string:to_graphemes($str)
1 lists:flatten(io_lib:write($plain, $pos))
"""

LIST = r"""
8 [$T, $T]
5 [$T | $LT]
4 [$T, $T, $T]
2 []
4 lists:reverse($LT)
3 ($LT ++ $LT)
2 ($LT -- $LT)
3 lists:sort($LT)
2 lists:usort($LT)
3 lists:map($FUT, $LU)
3 lists:filter($FTB, $LT)
1 lists:append([$LT, $LT])
1! tl($LT)
1! lists:nthtail($small, $LT)
1 lists:sublist($LT, $small)
1 lists:sublist($LT, $pos, $small)
2 lists:duplicate($small, $T)
1 lists:delete($T, $LT)
1 lists:subtract($LT, $LT)
1 lists:reverse($LT, $LT)
1 lists:takewhile($FTB, $LT)
1 lists:dropwhile($FTB, $LT)
1 lists:merge(lists:sort($LT), lists:sort($LT))
1 lists:umerge(lists:usort($LT), lists:usort($LT))
1 lists:flatmap(fun($v1) -> [$T || true <- [is_integer($v1)]] end, $LU)
1 lists:uniq($LT)
1 lists:join($T, $LT)
1 element(1, lists:partition($FTB, $LT))
1 element(2, lists:splitwith($FTB, $LT))
1! lists:droplast($LT)
1! element(1, lists:split($small, $LT))
1 lists:flatten([$LT, [$LT | [[]]]])
1 [$v1 || {_, $v1} <- lists:sort(maps:to_list($MIT))]
1 [$v1 || {$v1, _} <- lists:zip($LT, lists:seq(1, length($LT)))]
1 element(2, lists:mapfoldl(fun($v1, $v2) -> {$v1, [$v1 | $v2]} end, $LT, $LT))
1 element(1, lists:mapfoldr(fun($v1, $v2) -> {$v1, $v2 + 1} end, $int, $LT))
1 lists:foldl(fun($v1, $v2) -> [$v1 | $v2] end, $LT, $LT)
1 lists:foldr(fun($v1, $v2) -> [$v1 | $v2] end, [], $LT)
1 lists:filtermap(fun($v1) -> case $bool of true -> {true, $v1}; _ -> false end end, $LT)
2 tuple_to_list({$T, $T, $T})
1 differ_run:id($LT)
1 queue:to_list(queue:in($T, queue:from_list($LT)))
1 ordsets:union(ordsets:from_list($LT), ordsets:from_list($LT))
1 lists:sort(fun($v1, $v2) -> $v1 >= $v2 end, $LT)
1 [$v1 || $v1 <- [$T | $LT], $v1 =/= a]
1! lists:zipwith(fun(_, $v1) -> $v1 end, $LU, $LT)
1 lists:zipwith(fun(_, $v1) -> $v1 end, $LU, $LT, {pad, {$U, $T}})
1 rev_loop($LT, $LT)
1 array:to_list(array:from_list($LT))
1 gb_trees:values(gb_trees:from_orddict([{0, $T}, {1, $T}]))
1 lists:nth($small rem 2 + 1, [$LT, $LT])
"""

LINT = r"""
3 lists:seq($small, $small + 3)
2 lists:seq($int band 255, $int band 255 + 300, 60)
3 binary_to_list($bin)
2 [$v1 || <<$v1:2/little-signed-unit:7>> <= $bits]
2 [$v1 || <<$v1:12>> <= $bin]
2 [$v1 || <<$v1/utf8>> <= $bin]
2 $str
1 [byte_size($bin), bit_size($bits)]
1 [$v1 + $v2 || {$v1, $v2} <- lists:enumerate($lint)]
1 array:to_list(array:from_list($lint))
1 lists:sort(sets:to_list(sets:from_list($lint)))
1 [$v1 || {$v1, _} <- binary:matches($bin, [<<"1">>, <<0>>, <<"ab">>])]
1 [ord($v1) || $v1 <- $LU]
"""

LBIN = r"""
2 binary:split($bin, <<"1">>, [global])
1 binary:split($bin, [<<"a">>, <<0>>], [global, trim_all])
1 string:split($bin2, "a", all)
1 string:lexemes($bin2, " ,1")
1 erlang:iolist_to_iovec([$bin | $bin])
1! re:split($bin2, "[ab]", [{return, binary}])
"""

MAP = r"""
5 #{$K => $T, $K => $T}
2 #{}
4 ($MKT)#{$K => $T}
3 maps:put($K, $T, $MKT)
2 maps:remove($K, $MKT)
2 maps:merge($MKT, $MKT)
1 maps:filter(fun(_, $v1) -> $v1 > $T end, $MKT)
1 maps:map(fun(_, $v1) -> {$v1, $v1}, $v1 end, $MKT)
2 maps:from_list([{$K, $T}, {$K, $T}])
2 maps:from_list([{$K, $T} || _ <- $LU])
1! ($MKT)#{$K := $T}
1! maps:update($K, $T, $MKT)
1 maps:with([$K, $K], $MKT)
1 maps:without([$K, $K], $MKT)
1 maps:from_keys([$K, $K, $K], $T)
1 maps:update_with($K, fun($v1) -> $v1 end, $T, $MKT)
1 maps:merge_with(fun(_, $v1, _) -> $v1 end, $MKT, $MKT)
1 maps:intersect($MKT, $MKT)
1! element(2, maps:take($K, $MKT))
1 differ_run:id($MKT)
1 maps:from_list(maps:to_list($MKT))
1 maps:filtermap(fun(_, $v1) -> $v1 =/= $T end, $MKT)
1 binary_to_term(term_to_binary($MKT))
"""

MAPINT = r"""
3 #{$v1 => $T || $v1 <- lists:seq(1, 30 + $small)}
2 maps:from_list([{$v1 * 1000003, $T} || $v1 <- lists:seq(1, 33 + $small)])
1 maps:from_keys(lists:seq(1, 40), $T)
1 lists:foldl(fun($v1, $v2) -> $v2#{$v1 => $T} end, #{}, lists:seq(20, 60))
"""

# Any type: the value of an expression of that type goes a long way round.
ROUND = r"""
3 binary_to_term(term_to_binary($T))
1 binary_to_term(term_to_binary($T, [compressed]))
1 binary_to_term(iolist_to_binary(term_to_iovec($T)))
2 element($small rem 2 + 1, {$T, $T})
2 hd([$T | $LU])
2 differ_run:id($T)
3 (fun($v1) -> {$v1, $U}, $v1 end)($T)
2 ($FUT)($U)
2 apply($FUT, [$U])
1 begin put($key, $T), erase($key) end
1 begin put($key, $T), {_, $v1} = {$U, get($key)}, $v1 end
1 begin self() ! {$tag, $T}, receive {$tag, $v1} -> $v1 end end
1 lists:nth(2, [$U, $T])
1! map_get($K, ($MKT)#{$K => $T})
2 maps:get($K, $MKT, $T)
1! element(2, lists:keyfind($K, 1, [{$K, $T}, {$K, $T}]))
1! element($pos, {$T, $T})
1! maps:get($K, $MKT)
1! map_get($K, $MKT)
1! lists:last($LT)
1! hd($LT)
1! element(2, hd([{$v1, $v1} || $v1 <- $LT]))
1 hd(lists:reverse([$T | $LT]))
1 element(2, {$U, $T, $U})
1 element(1, setelement(1, {$U, $U}, $T))
1 max($T, $T)
1 min($T, $T)
2 trace($id, $T)
1 via_ets($T)
1 via_process(fun() -> $T end)
1 via_server($T)
1 via_exit(fun() -> $T end)
1 via_alias($T)
1 swap($T, $U)
1 erlang:hd(erlang:tuple_to_list(erlang:make_tuple(2, $T)))
1 lists:foldl(fun(_, $v1) -> $v1 end, $T, $LU)
1 (case $any of $v1 when $v1 > b -> $T; _ -> $T end)
"""
