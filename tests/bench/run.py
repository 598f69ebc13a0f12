#!/usr/bin/env python3
"""Runs the benchmark programs of this folder in MyBeam and in `erl`, in turn, and prints a table of ratios.

Every program b_*.erl (sequential) and c_*.erl (processes, with --concurrent) exports main/0, which returns a small term that proves its work. A round runs each program once in
each of the two machines, so that what else the computer does hits both. Only main() is timed, not start-up: in erl by
erlang:monotonic_time/1 around the call, in MyBeam by `--time`, which prints `time: <microseconds>` to stderr. Then come start-up time
and the largest RSS of two tiny programs, and the sizes of the executables.
"""

import argparse, json, math, os, platform, re, shutil, statistics, subprocess, sys, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EBIN = os.path.join(ROOT, "artifacts", "bench")


def tool(name, wanted):
    """The path of erl/erlc: that of the OTP asked for, of OTP 29, or the host's."""
    if wanted and os.path.isdir(wanted):
        return os.path.join(wanted, name)
    for version in [wanted] if wanted else ["29"]:
        path = os.path.join(ROOT, ".otp", version, "bin", name)
        if os.path.exists(path):
            return path
    return shutil.which(name)


def compile_all(erlc, names):
    os.makedirs(EBIN, exist_ok=True)
    sources = [os.path.join(HERE, n + ".erl") for n in names]
    stamp = os.path.join(EBIN, ".compiler")
    known = open(stamp).read() if os.path.exists(stamp) else ""

    def fresh(source):
        beam = os.path.join(EBIN, os.path.basename(source)[:-4] + ".beam")
        return known == erlc and os.path.exists(beam) and os.path.getmtime(beam) >= os.path.getmtime(source)

    stale = [s for s in sources if not fresh(s)]
    if stale:
        subprocess.run([erlc, "-o", EBIN] + stale, check=True)
        open(stamp, "w").write(erlc)


class Ran:
    """One child process: what it printed, how it ended, its wall time in ms and its largest RSS in KB."""

    def __init__(self, command, timeout):
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        collected = {}

        def drain(name, stream):
            collected[name] = stream.read().decode("utf-8", "replace")

        threads = [threading.Thread(target=drain, args=a) for a in (("out", child.stdout), ("err", child.stderr))]
        for t in threads:
            t.start()
        killer = threading.Timer(timeout, child.kill)
        killer.start()
        _, status, usage = os.wait4(child.pid, 0)
        self.wall = (time.perf_counter() - started) * 1000
        killer.cancel()
        for t in threads:
            t.join()
        child.returncode = os.waitstatus_to_exitcode(status)
        self.status, self.rss, self.out, self.err = child.returncode, usage.ru_maxrss, collected["out"], collected["err"]


def squeeze(text):
    """A term's text without the white space that pretty printing puts in."""
    return re.sub(r"\s+", "", text)


def run_erl(erl, name, timeout):
    code = ("T0 = erlang:monotonic_time(microsecond), R = %s:main(), T1 = erlang:monotonic_time(microsecond), "
            "io:format(\"~0tp~ntime: ~b~n\", [R, T1 - T0]), halt()." % name)
    ran = Ran([erl, "-noinput", "-noshell", "-pa", EBIN, "-eval", code], timeout)
    found = re.search(r"^time: (\d+)$", ran.out, re.M)
    if ran.status != 0 or not found:
        return None, None, ran
    return int(found.group(1)) / 1000, squeeze(ran.out[:found.start()]), ran


def run_mybeam(mybeam, name, timeout, extra):
    ran = Ran(mybeam + ["run", "--time"] + extra + ["-pa", EBIN, name, "main"], timeout)
    found = re.search(r"^time: (\d+)", ran.err, re.M)
    if ran.status != 0 or not found:
        return None, None, ran
    return int(found.group(1)) / 1000, squeeze(ran.out), ran


def first_line(ran):
    lines = [l for l in (ran.err + "\n" + ran.out).splitlines() if l.strip()]
    return "exit %d: %s" % (ran.status, lines[0][:110] if lines else "")


def mega(path):
    return "%.2f MB" % (os.path.getsize(path) / 1e6)


def resident(command):
    """Largest RSS in KB of a program, by GNU time: what wait4 says of our own child has this interpreter's memory in it from before the exec."""
    if not os.path.exists("/usr/bin/time"):
        return None
    ran = subprocess.run(["/usr/bin/time", "-f", "rss %M"] + command, stdin=subprocess.DEVNULL, capture_output=True)
    found = re.search(rb"^rss (\d+)$", ran.stderr, re.M)
    return int(found.group(1)) if found else None


def startup(commands, rounds, timeout):
    rows, runs = [], {label: [] for label, _ in commands}
    for _ in range(max(rounds * 3, 5)):
        for label, command in commands:
            runs[label].append(Ran(command, timeout))
    for label, command in commands:
        good = [r for r in runs[label] if r.status == 0]
        if good:
            rss = sorted(r for r in (resident(command) for _ in range(5)) if r)
            rows.append((label, min(r.wall for r in good), statistics.median(r.wall for r in good), rss[len(rss) // 2] / 1024 if rss else None))
        else:
            rows.append((label, None, None, None))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each program runs in each machine (default 5)")
    parser.add_argument("--only", default="", help="names, separated by commas, with or without their prefix")
    parser.add_argument("--concurrent", action="store_true", help="the programs about processes, c_*.erl, instead of the sequential ones")
    parser.add_argument("--json", metavar="FILE", help="write every figure as JSON")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.add_argument("--mybeam", default=os.path.join(ROOT, "artifacts", "mybeam"), help="the executable to measure")
    parser.add_argument("--runner", default="", help="a command to put before it, such as qemu-aarch64")
    parser.add_argument("--flags", default="", help="more flags for `mybeam run`")
    parser.add_argument("--otp", default="", help="25, 27, 29, or a folder that has erl and erlc (default: 29, else the host's)")
    parser.add_argument("--timeout", type=float, default=120, help="seconds one run may take")
    parser.add_argument("--no-erl", action="store_true", help="measure MyBeam alone")
    parser.add_argument("--erl-only", action="store_true", help="measure erl alone")
    parser.add_argument("--no-startup", action="store_true")
    args = parser.parse_args()

    erl, erlc = tool("erl", args.otp), tool("erlc", args.otp)
    if not erlc:
        sys.exit("bench: no erlc; run scripts/otp 29 first")
    prefix, goal = ("c_", "goal: at most 1.0") if args.concurrent else ("b_", "goal: at most 2.2")
    names = sorted(f[:-4] for f in os.listdir(HERE) if f.startswith(prefix) and f.endswith(".erl"))
    if args.only:
        wanted = {n if n.startswith(prefix) else prefix + n for n in args.only.split(",") if n}
        if wanted - set(names):
            sys.exit("bench: no such program: " + ", ".join(sorted(wanted - set(names))))
        names = [n for n in names if n in wanted]
    compile_all(erlc, names + ["hello_io", "hello_none"])

    mybeam = args.runner.split() + [args.mybeam]
    with_mybeam = not args.erl_only and os.path.exists(args.mybeam)
    with_erl = not args.no_erl and erl is not None
    if not with_mybeam and not args.erl_only:
        print("bench: %s does not exist; erl alone" % args.mybeam, file=sys.stderr)

    times = {n: {"erl": [], "mybeam": []} for n in names}
    results = {n: {"erl": set(), "mybeam": set()} for n in names}
    errors, rss = {}, {n: {"erl": 0, "mybeam": 0} for n in names}
    for turn in range(args.rounds):
        for n in names:
            # Who goes first alternates, so that neither machine always finds the warmer processor.
            for machine in (("erl", "mybeam") if turn % 2 == 0 else ("mybeam", "erl")):
                if (machine == "erl" and not with_erl) or (machine == "mybeam" and not with_mybeam) or (n, machine) in errors:
                    continue
                if sys.stderr.isatty():
                    print("\r\033[K%d/%d %s %s" % (turn + 1, args.rounds, n, machine), end="", file=sys.stderr, flush=True)
                took, result, ran = (run_erl(erl, n, args.timeout) if machine == "erl"
                                     else run_mybeam(mybeam, n, args.timeout, args.flags.split()))
                rss[n][machine] = max(rss[n][machine], ran.rss)
                if took is None:
                    errors[n, machine] = first_line(ran)
                else:
                    times[n][machine].append(took)
                    results[n][machine].add(result)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)

    rows, ratios, data = [], {}, {"programs": {}}
    for n in names:
        med = {m: statistics.median(t) if t and (n, m) not in errors else None for m, t in times[n].items()}
        differs = med["erl"] is not None and med["mybeam"] is not None and results[n]["erl"] != results[n]["mybeam"]
        ratio = med["mybeam"] / med["erl"] if med["erl"] and med["mybeam"] is not None and not differs else None
        if ratio is not None:
            ratios[n] = ratio
        cell = lambda m: "ERR" if (n, m) in errors else "-" if med[m] is None else "%.1f" % med[m]
        rows.append((n[2:], cell("erl"), cell("mybeam"), "DIFFERS" if differs else "-" if ratio is None else "%.2f" % ratio))
        data["programs"][n] = {
            "erl_ms": times[n]["erl"], "mybeam_ms": times[n]["mybeam"], "ratio": ratio, "differs": differs,
            "erl_error": errors.get((n, "erl")), "mybeam_error": errors.get((n, "mybeam")),
            "erl_rss_kb": rss[n]["erl"], "mybeam_rss_kb": rss[n]["mybeam"]}

    table(args.markdown, ("program", "erl ms", "mybeam ms", "ratio"), rows)
    if ratios:
        mean = math.exp(sum(math.log(r) for r in ratios.values()) / len(ratios))
        worst = max(ratios, key=ratios.get)
        over6 = [n[2:] for n, r in ratios.items() if r > 6]
        print("\ngeometric mean %.2f over %d programs (%s); worst %s %.2f%s" % (
            mean, len(ratios), goal, worst[2:], ratios[worst], "; over 6: " + ", ".join(over6) if over6 else ""))
        data["geometric_mean"], data["worst"] = mean, worst
    for n in names:
        if results[n]["erl"] and results[n]["mybeam"] and results[n]["erl"] != results[n]["mybeam"]:
            print("DIFFERS %s: erl %s, mybeam %s" % (n, " | ".join(results[n]["erl"])[:150], " | ".join(results[n]["mybeam"])[:150]))
    for (n, machine), text in sorted(errors.items()):
        print("ERR %s in %s: %s" % (n, machine, text))

    if not args.no_startup:
        commands = []
        if with_mybeam:
            commands += [("mybeam run, prints with io:format", mybeam + ["run", "-pa", EBIN, "hello_io", "main"]),
                         ("mybeam run, calls nothing", mybeam + ["run", "-pa", EBIN, "hello_none", "main"]),
                         ("mybeam erl, boots and halts", mybeam + ["erl", "-noshell", "-eval", "halt()."])]
        if with_erl:
            commands += [("erl, prints with io:format", [erl, "-noinput", "-noshell", "-pa", EBIN, "-s", "hello_io", "main", "-s", "erlang", "halt"]),
                         ("erl, calls nothing", [erl, "-noinput", "-noshell", "-pa", EBIN, "-s", "erlang", "halt"]),
                         ("erl, boots and halts", [erl, "-noshell", "-eval", "halt()."])]
        started = startup(commands, args.rounds, args.timeout)
        print()
        table(args.markdown, ("start to end", "best ms", "median ms", "RSS MB"),
              [(l, *("ERR" if v is None else "%.1f" % v for v in vs)) for l, *vs in started])
        data["startup"] = [dict(zip(("what", "best_ms", "median_ms", "rss_mb"), r)) for r in started]

    if os.path.exists(args.mybeam):
        print()
        sizes = [("mybeam", mega(args.mybeam))]
        for extra in ("mybeam.archive", "otp.archive", "archive.bin", "libmybeam.so", "arm64/mybeam"):
            path = os.path.join(ROOT, "artifacts", extra)
            if os.path.exists(path):
                sizes.append((extra, mega(path)))
        table(args.markdown, ("file", "size"), sizes)
        data["sizes"] = {"mybeam": os.path.getsize(args.mybeam)}

    data["machine"], data["date"], data["erl"] = machine_name(), time.strftime("%Y-%m-%d"), erl
    print("\n%s, %s; erl: %s" % (data["date"], data["machine"], erl))
    if args.json:
        with open(args.json, "w") as f:
            json.dump(data, f, indent=1)
    return 1 if errors or any(p["differs"] for p in data["programs"].values()) else 0


def machine_name():
    model = platform.machine()
    try:
        model = re.search(r"model name\s*:\s*(.*)", open("/proc/cpuinfo").read()).group(1)
    except (OSError, AttributeError):
        pass
    return "%s, %d cores" % (model, os.cpu_count())


def table(markdown, head, rows):
    widths = [max(len(str(r[i])) for r in [head] + rows) for i in range(len(head))]
    line = lambda r: [str(c).ljust(w) if i == 0 else str(c).rjust(w) for i, (c, w) in enumerate(zip(r, widths))]
    if markdown:
        print("| " + " | ".join(line(head)) + " |")
        print("|" + "|".join("-" * (w + 1) + ("-" if i == 0 else ":") for i, w in enumerate(widths)) + "|")
        for r in rows:
            print("| " + " | ".join(line(r)) + " |")
    else:
        print("  ".join(line(head)))
        for r in rows:
            print("  ".join(line(r)))


if __name__ == "__main__":
    sys.exit(main())
