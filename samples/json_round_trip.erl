%% OTP's json module: a document decoded, encoded and decoded again.
%%   mybeam run output_files/json_round_trip.beam
%%   mybeam run output_files/json_round_trip.beam main '<<"[1, {\"a\": null}]">>'
-module(json_round_trip).
-export([main/0, main/1]).

main() ->
    main(<<"""
        {"name": "MyBeam", "version": [0, 1], "freestanding": true, "runtime": null,
         "sizes": {"executable": 1.9, "idle process": 600}, "text": "caf\u00e9 \ud83d\ude80 \"quoted\""}
        """>>).

main(Text) when is_binary(Text) ->
    Value = json:decode(Text),
    Encoded = iolist_to_binary(json:encode(Value)),
    Same = json:decode(Encoded) =:= Value,
    io:format("~ts~n~b bytes in, ~b bytes out, the same: ~w~n", [Encoded, byte_size(Text), byte_size(Encoded), Same]),
    case Same of
        true -> ok;
        false -> error({differs, Value})
    end;
main(Text) when is_list(Text) ->
    main(unicode:characters_to_binary(Text)).
