Definitions.
Rules.
[0-9]+ : {token,{n,list_to_integer(TokenChars)}}.
[+] : {token,{plus,TokenLine}}.
Erlang code.
