#!/usr/bin/env python3
"""Types into the shell on a terminal of its own and prints what came back, without the banner: keys.py PROGRAM ARGUMENT... -- KEYS...
KEYS are Python literals without quotes (\\r, \\x1b[A), each sent after the program has been quiet. Then: the exit status, and how the terminal was left."""
import os, pty, select, sys, termios, time

split = sys.argv.index("--")
program, keys = sys.argv[1:split], [k.encode().decode("unicode_escape").encode("latin1") for k in sys.argv[split + 1:]]
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm-256color", LANG="C.UTF-8")
    os.execvp(program[0], program)
before = termios.tcgetattr(terminal)[:4]
out = b""


def until_quiet(longest):
    global out
    end, seen = time.time() + longest, False
    while time.time() < end:
        if select.select([terminal], [], [], 0.5 if seen else 0.1)[0]:
            try:
                out += os.read(terminal, 65536)
            except OSError:
                return
            seen = True
        elif seen:
            return


until_quiet(10)
for key in keys:
    os.write(terminal, key)
    until_quiet(3)
restored = termios.tcgetattr(terminal)[:4] == before
_, status = os.waitpid(pid, 0)
print(repr(out.split(b"help for", 1)[-1].split(b"for help)", 1)[-1]))
print("exit status", os.waitstatus_to_exitcode(status), "restored" if restored else "not restored")
