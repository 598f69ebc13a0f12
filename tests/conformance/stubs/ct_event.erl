%% Suites that measure tell common_test's event manager; nobody listens here.
-module(ct_event).
-export([notify/1, sync_notify/1]).

notify(_) -> ok.
sync_notify(_) -> ok.
