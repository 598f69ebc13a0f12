// +S, +SP, +SDcpu, +SDPcpu, +SDio and +A: how many threads there are. OTP reads these before all others.
namespace MyBeam.Cli;

using System;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>The numbers of threads while the flags are read.</summary>
internal struct SchedulerFlags
{
    private const int Most = 1024;

    private readonly long _configured, _available;
    private long _total, _online, _percent, _percentOnline;
    private long _dirty, _dirtyOnline, _dirtyPercent, _dirtyPercentOnline, _io, _async;

    /// <summary>Starts with the values without flags.</summary>
    public SchedulerFlags(in EmulatorSettings s)
    {
        this = default;
        _configured = _total = _dirty = s.Schedulers;
        _available = _online = _dirtyOnline = s.SchedulersOnline;
        _percent = _percentOnline = _dirtyPercent = _dirtyPercentOnline = 100;
        _io = s.DirtyIo;
        _async = s.AsyncThreads;
    }

    /// <summary>Looks at the current flag. False after a message.</summary>
    public bool Read(ref EmulatorFlags flags)
    {
        ReadOnlySpan<byte> flag = flags.Flag;
        if (flag.StartsWith("-A"u8)) return flags.Number(1, 0, Most, "bad number of async threads "u8, out _async);
        if (flag.StartsWith("-SP"u8)) return Percent(ref flags, 2, "bad schedulers percentage specifier "u8, ref _percent, ref _percentOnline);
        if (flag.StartsWith("-SDPcpu"u8)) return Percent(ref flags, 6, "bad dirty CPU schedulers percentage specifier "u8, ref _dirtyPercent, ref _dirtyPercentOnline);
        if (flag.StartsWith("-SDcpu"u8)) return Count(ref flags, 5, "bad amount of dirty CPU schedulers"u8, "dirty CPU schedulers"u8, ref _dirty, ref _dirtyOnline);
        if (flag.StartsWith("-SDio"u8)) return flags.Number(4, 1, Most, "bad number of dirty I/O schedulers "u8, out _io);
        if (flag.StartsWith("-SD"u8)) return EmulatorFlags.Bad("bad or missing dirty scheduler specifier: "u8, flag);
        if (flag.StartsWith("-S"u8)) return Count(ref flags, 1, "bad amount of schedulers"u8, "schedulers"u8, ref _total, ref _online);
        if (flag.StartsWith("-rg"u8)) return Limit(ref flags, 2, "bad reader groups limit: "u8);
        return !flag.StartsWith("-dcg"u8) || Limit(ref flags, 3, "bad decentralized counter groups limit: "u8);
    }

    private static bool Limit(ref EmulatorFlags flags, int name, ReadOnlySpan<byte> message)
    {
        _ = flags.Value(name, out ReadOnlySpan<byte> value);
        int at = 0;
        return (Numbers.Read(value, ref at, out long n) && n is >= 0 and <= int.MaxValue) || EmulatorFlags.Bad(message, value);
    }

    // N, N:M, :M. 1: the first only; 2: both; 3: the second only.
    private static int Pair(ReadOnlySpan<byte> text, out long first, out long second)
    {
        int at = 0;
        second = 0;
        bool has = Numbers.Read(text, ref at, out first);
        if (!has && (text.IsEmpty || text[0] != ':')) return 0;
        if (!has) at = 0;
        if (at >= text.Length || text[at++] != ':' || !Numbers.Read(text, ref at, out second)) return has ? 1 : 0;
        return has ? 2 : 3;
    }

    private static bool Percent(ref EmulatorFlags flags, int name, ReadOnlySpan<byte> message, ref long total, ref long online)
    {
        _ = flags.Value(name, out ReadOnlySpan<byte> value);
        int kind = Pair(value, out long first, out long second);
        if (kind == 0 || first < 0 || second < 0) return EmulatorFlags.Bad(message, value);
        total = kind == 3 ? 100 : first;
        online = kind == 1 ? Math.Min(first, 100) : second;
        return true;
    }

    // 0 and negative numbers count from what the machine has.
    private readonly bool Count(ref EmulatorFlags flags, int name, ReadOnlySpan<byte> message, ReadOnlySpan<byte> what, ref long total, ref long online)
    {
        _ = flags.Value(name, out ReadOnlySpan<byte> value);
        int kind = Pair(value, out long first, out long second);
        Output e = new(Files.StandardError) { Returns = true };
        e.Text(message);
        e.Byte((byte)' ');
        if (kind == 0)
        {
            e.Line(value);
            e.Flush();
            return EmulatorFlags.Usage();
        }
        if (kind == 3) first = _configured;
        if (kind == 1) second = Math.Min(first, online);
        total = first > 0 ? first : _configured + first;
        online = second > 0 ? second : _available + second;
        if (total is < 1 or > Most)
        {
            e.Number(first);
            e.Line();
            e.Flush();
            return EmulatorFlags.Usage();
        }
        if (online >= 1 && online <= total) return true;
        e.Text("online "u8);
        e.Number(online);
        e.Text(" (total amount of "u8);
        e.Text(what);
        e.Byte((byte)' ');
        e.Number(total);
        e.Line(")"u8);
        e.Flush();
        return EmulatorFlags.Usage();
    }

    /// <summary>Applies percentages and writes the numbers into the settings. False after a message.</summary>
    public bool Finish(ref EmulatorSettings s)
    {
        if (_percent != 100 || _percentOnline != 100)
        {
            _total = Math.Max(_total * _percent / 100, 1);
            _online = Math.Max(_online * _percentOnline / 100, 1);
            if (_total > Most || _total < _online)
            {
                Output e = new(Files.StandardError) { Returns = true };
                e.Text(_total > Most ? "bad schedulers percentage "u8 : "bad schedulers online percentage "u8);
                e.Number(_total > Most ? _percent : _percentOnline);
                e.Text(" (total amount of schedulers "u8);
                e.Number(_total);
                if (_total <= Most)
                {
                    e.Text(", online "u8);
                    e.Number(_online);
                }
                e.Line(")"u8);
                e.Flush();
                return EmulatorFlags.Usage();
            }
        }
        _dirty = Math.Min(Math.Max(_dirty * _dirtyPercent / 100, 1), _total);
        _dirtyOnline = Math.Min(Math.Max(_dirtyOnline * _dirtyPercentOnline / 100, 1), _online);
        s.Schedulers = (int)_total;
        s.SchedulersOnline = (int)_online;
        s.DirtyCpu = (int)_dirty;
        s.DirtyCpuOnline = (int)Math.Min(_dirtyOnline, _dirty);
        s.DirtyIo = (int)_io;
        s.AsyncThreads = (int)Math.Max(_async, 1);
        return true;
    }
}
