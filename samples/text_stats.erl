%% Counts lines, words and characters of a text file and shows its most frequent words.
%%   mybeam run output_files/text_stats.beam main '"README.md"'
%%   mybeam run output_files/text_stats.beam main '"README.md"' 20
-module(text_stats).
-export([main/1, main/2, stats/1]).

main(Name) -> main(Name, 10).

main(Name, Top) ->
    case file:read_file(Name) of
        {ok, Text} ->
            #{lines := Lines, words := Words, bytes := Bytes, chars := Chars, longest := Longest, frequent := Frequent} = stats(Text),
            io:format("~ts: ~b lines, ~b words (~b different), ~b characters, ~b bytes~n",
                      [Name, Lines, Words, length(Frequent), Chars, Bytes]),
            io:format("longest word: ~ts~n", [Longest]),
            lists:foreach(fun({Word, N}) -> io:format("~7b ~5.1f% ~ts~n", [N, 100 * N / Words, Word]) end,
                          lists:sublist(Frequent, Top));
        {error, Reason} ->
            io:format(standard_error, "text_stats: ~ts: ~ts~n", [Name, file:format_error(Reason)]),
            exit({cannot_read, Name, Reason})
    end.

stats(Text) ->
    Words = words(Text, <<>>, []),
    Counts = lists:foldl(fun(W, M) -> maps:update_with(W, fun(N) -> N + 1 end, 1, M) end, #{}, Words),
    %% The most frequent first; the alphabet decides between equals.
    Frequent = [{W, -N} || {N, W} <- lists:sort([{-N, W} || {W, N} <- maps:to_list(Counts)])],
    #{lines => length(binary:matches(Text, <<"\n">>)), words => length(Words), bytes => byte_size(Text), chars => string:length(Text),
      longest => longest(Words, <<>>), frequent => Frequent}.

words(<<C/utf8, Rest/binary>>, Word, Acc) when C >= $a, C =< $z; C >= $0, C =< $9; C =:= $_; C > 191 ->
    words(Rest, <<Word/binary, C/utf8>>, Acc);
words(<<C, Rest/binary>>, Word, Acc) when C >= $A, C =< $Z ->
    words(Rest, <<Word/binary, (C + 32)>>, Acc);
words(<<_, Rest/binary>>, <<>>, Acc) ->
    words(Rest, <<>>, Acc);
words(<<_, Rest/binary>>, Word, Acc) ->
    words(Rest, <<>>, [Word | Acc]);
words(<<>>, <<>>, Acc) ->
    Acc;
words(<<>>, Word, Acc) ->
    [Word | Acc].

longest([W | Ws], L) when byte_size(W) > byte_size(L) -> longest(Ws, W);
longest([_ | Ws], L) -> longest(Ws, L);
longest([], L) -> L.
