// The flags +s…: they tune OTP's schedulers. Their values are checked.
namespace MyBeam.Cli;

using System;
using MyBeam.Vm;

/// <summary>Reads the flags that begin with +s.</summary>
internal static class SchedulingNames
{
    private static ReadOnlySpan<byte> Waits => "none very_short short medium long very_long"u8;

    private static ReadOnlySpan<byte> Wakes => "very_low low medium high very_high"u8;

    private static ReadOnlySpan<byte> Binds => "u ns ts ps s nnts nnps tnnps db"u8;

    /// <summary>Reads one, whose name behind the s is given. False after a message.</summary>
    public static bool Read(ref EmulatorFlags flags, ReadOnlySpan<byte> name, ref EmulatorSettings settings)
    {
        bool ignored = false;
        if (name.StartsWith("bt"u8)) return flags.Choice(3, Binds, "setting scheduler bind type '"u8, out _, "' failed: invalid type"u8);
        if (name.StartsWith("bwtdcpu"u8)) return flags.Choice(8, Waits, "bad dirty CPU scheduler busy wait threshold: "u8, out _);
        if (name.StartsWith("bwtdio"u8)) return flags.Choice(7, Waits, "bad dirty IO scheduler busy wait threshold: "u8, out _);
        if (name.StartsWith("bwt"u8)) return flags.Choice(4, Waits, "bad scheduler busy wait threshold: "u8, out _);
        if (name.StartsWith("cl"u8)) return flags.Switch(3, "bad scheduler compact load value '"u8, ref ignored, "'"u8);
        if (name.StartsWith("ct"u8)) return Topology(ref flags);
        if (name.StartsWith("ecio"u8)) return flags.Value(5, out _);
        if (name.StartsWith("pp"u8)) return flags.Switch(3, "bad port parallelism scheduling hint "u8, ref settings.PortParallelism);
        if (name.StartsWith("tbt"u8)) return flags.Choice(4, Binds, "setting scheduler bind type '"u8, out _, "' failed: invalid type"u8);
        if (name.StartsWith("ub"u8)) return flags.Switch(3, "bad scheduler utilization balancing  value '"u8, ref ignored, "'"u8);
        if (name.StartsWith("wct"u8)) return flags.Choice(4, "very_lazy lazy medium eager very_eager"u8, "scheduler wake cleanup threshold: "u8, out _);
        if (name.StartsWith("wtdcpu"u8)) return flags.Choice(7, Wakes, "dirty CPU scheduler wakeup threshold: "u8, out _);
        if (name.StartsWith("wtdio"u8)) return flags.Choice(6, Wakes, "dirty IO scheduler wakeup threshold: "u8, out _);
        if (name.StartsWith("wt"u8)) return flags.Choice(3, Wakes, "scheduler wakeup threshold: "u8, out _);
        if (name.StartsWith("ws"u8)) return flags.Choice(3, "default legacy"u8, "scheduler wakeup strategy: "u8, out _);
        if (name.StartsWith("ssdcpu"u8)) return flags.Number(7, 20, 8192, "bad stack size for dirty CPU scheduler threads "u8, out _);
        if (name.StartsWith("ssdio"u8)) return flags.Number(6, 20, 8192, "bad stack size for dirty IO scheduler threads "u8, out _);
        if (name.StartsWith("ss"u8)) return flags.Number(3, 20, 8192, "bad stack size for scheduler threads "u8, out _);
        if (name.StartsWith("fwi"u8)) return flags.Number(4, 0, long.MaxValue, "bad scheduler forced wakeup interval "u8, out _);
        return name.StartsWith("srct"u8) || EmulatorFlags.Bad("bad scheduling option "u8, flags.Flag);
    }

    // Entries L0-3c0-3n0-1…: what is bound to which processor has no effect here, so that only what begins an entry is looked at.
    private static bool Topology(ref EmulatorFlags flags)
    {
        _ = flags.Value(3, out ReadOnlySpan<byte> value);
        return value[0] is (byte)'L' or (byte)'t' or (byte)'c' or (byte)'p' or (byte)'P' or (byte)'n' or (byte)'N' or (byte)'d' or (byte)'D'
            || EmulatorFlags.Bad("bad cpu topology '"u8, value, "': invalid identifier type"u8);
    }
}
