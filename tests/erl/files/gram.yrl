Nonterminals e. Terminals n plus. Rootsymbol e. e -> n : value('$1'). e -> e plus n : ok. Erlang code. value(X) -> X.
