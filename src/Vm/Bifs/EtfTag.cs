// The tags of the external term format (erts: external.h; documentation: "External Term Format").
namespace MyBeam.Vm;

using System.Buffers.Binary;
using System.Runtime.CompilerServices;

/// <summary>First bytes of encoded terms.</summary>
internal static class EtfTag
{
    /// <summary>Stands before every term that is encoded by itself.</summary>
    public const byte Version = 131;

    public const byte Compressed = 80, Local = 121;
    public const byte SmallInteger = 97, Integer = 98, SmallBig = 110, LargeBig = 111, Float = 70, OldFloat = 99;
    public const byte AtomLatin1 = 100, SmallAtomLatin1 = 115, AtomUtf8 = 118, SmallAtomUtf8 = 119;
    public const byte Nil = 106, String = 107, List = 108, SmallTuple = 104, LargeTuple = 105, Map = 116, Record = 67;
    public const byte Binary = 109, BitBinary = 77;
    public const byte Export = 113, Fun = 112;
    public const byte Pid = 103, NewPid = 88, Port = 102, NewPort = 89, V4Port = 120;
    public const byte Reference = 101, NewReference = 114, NewerReference = 90;

    /// <summary>Most bytes of a list of bytes that is encoded as a string.</summary>
    public const int MaxString = 65535;

    /// <summary>Most digits of an integer (OTP: BIG_ARITY_MAX).</summary>
    public const int MaxDigits = 65535;

    /// <summary>Most variables in the environment of a fun (OTP: MAX_ARG).</summary>
    public const int MaxFree = 255;
}

/// <summary>Big-endian numbers in the external format.</summary>
internal static unsafe class EtfBytes
{
    public static uint U16(byte* p) => (uint)((p[0] << 8) | p[1]);

    public static uint U32(byte* p) => BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<uint>(p));

    public static ulong U64(byte* p) => BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(p));

    public static void Put16(byte* p, uint v)
    {
        p[0] = (byte)(v >> 8);
        p[1] = (byte)v;
    }

    public static void Put32(byte* p, uint v) =>
        Unsafe.WriteUnaligned(p, BinaryPrimitives.ReverseEndianness(v));

    public static void Put64(byte* p, ulong v) =>
        Unsafe.WriteUnaligned(p, BinaryPrimitives.ReverseEndianness(v));
}
