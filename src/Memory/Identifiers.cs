// The parts of pids, ports and references, whether of this node (immediates, Reference, MagicRef) or of another (ExternalThing).
namespace MyBeam.Memory;

using System.Runtime.CompilerServices;

/// <summary>Reads identifiers.</summary>
public static unsafe class Identifiers
{
    /// <summary>Bits of a pid's number; its serial stands above them.</summary>
    public const int PidNumberBits = 28;

    /// <summary>Most 32-bit numbers in a reference (OTP: ERTS_MAX_REF_NUMBERS).</summary>
    public const int MaxRefNumbers = 5;

    /// <summary>Numbers of a reference of this node.</summary>
    public const int RefNumbers = 3;

    /// <summary>A number 0 of a local reference is below this (18 bits).</summary>
    public const uint MaxReference = 1 << 18;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint PidNumber(Term pid) => pid.IsLocalPid ? (uint)pid.PidData & ((1u << PidNumberBits) - 1) : (uint)External(pid)->Data[0];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint PidSerial(Term pid) => pid.IsLocalPid ? (uint)(pid.PidData >> PidNumberBits) : (uint)(External(pid)->Data[0] >> 32);

    public static ulong PortNumber(Term port) => port.IsLocalPort ? port.PidData : External(port)->Data[0];

    /// <summary>An identifier of another node (or of an earlier incarnation of this one).</summary>
    public static bool IsExternal(Term t) => t.IsKind(Header.ExternalThing);

    /// <summary>The external identifier behind a term.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ExternalThing* External(Term t) => (ExternalThing*)t.Box;

    /// <summary>
    /// The numbers of a reference into <paramref name="numbers"/> (room for MaxRefNumbers), least significant first; how many there are.
    /// </summary>
    public static int Numbers(Term reference, uint* numbers)
    {
        ulong* box = reference.Box;
        if (Header.Kind(*box) != Header.ExternalThing)
        {
            // Reference and MagicRef begin alike.
            numbers[0] = (uint)box[1];
            numbers[1] = (uint)(box[1] >> 32);
            numbers[2] = (uint)box[2];
            return RefNumbers;
        }
        // 32-bit units: the count, then the numbers.
        uint* data = (uint*)((ExternalThing*)box)->Data;
        int count = (int)data[0];
        if (count > MaxRefNumbers) count = MaxRefNumbers;
        for (int i = 0; i < count; i++) numbers[i] = data[1 + i];
        return count;
    }

    /// <summary>Number 0 of a reference.</summary>
    public static uint FirstNumber(Term reference)
    {
        ulong* box = reference.Box;
        return Header.Kind(*box) == Header.ExternalThing ? ((uint*)((ExternalThing*)box)->Data)[1] : (uint)box[1];
    }

    /// <summary>Words of an external pid or port, and of an external reference of so many numbers.</summary>
    public const int ExternalWords = 4;
    public static long ExternalRefWords(int numbers) => 3 + (numbers / 2) + 1;

    /// <summary>
    /// The order of the nodes of two identifiers: name, then creation. An identifier of this node counts as nonode@nohost, creation 0 (this VM is not
    /// distributed).
    /// </summary>
    public static int CompareNodes(Term a, Term b)
    {
        Term x = Am.NonodeNohost, y = Am.NonodeNohost;
        ulong xc = 0, yc = 0;
        if (IsExternal(a)) { x = External(a)->Node; xc = External(a)->Creation; }
        if (IsExternal(b)) { y = External(b)->Node; yc = External(b)->Creation; }
        if (x != y) return AtomTable.Compare(x, y);
        return xc == yc ? 0 : xc < yc ? -1 : 1;
    }

    /// <summary>The order of two references: node, then numbers from the most significant; missing numbers count as 0.</summary>
    public static int CompareRefs(Term a, Term b)
    {
        int nodes = IsExternal(a) || IsExternal(b) ? CompareNodes(a, b) : 0;
        if (nodes != 0) return nodes;
        uint* x = stackalloc uint[MaxRefNumbers], y = stackalloc uint[MaxRefNumbers];
        for (int i = 0; i < MaxRefNumbers; i++) x[i] = y[i] = 0;
        Numbers(a, x);
        Numbers(b, y);
        for (int i = MaxRefNumbers - 1; i >= 0; i--)
            if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
        return 0;
    }

    /// <summary>The order of two pids: serial, number, node.</summary>
    public static int ComparePids(Term a, Term b)
    {
        uint x = PidSerial(a), y = PidSerial(b);
        if (x != y) return x < y ? -1 : 1;
        x = PidNumber(a);
        y = PidNumber(b);
        if (x != y) return x < y ? -1 : 1;
        return CompareNodes(a, b);
    }

    /// <summary>The order of two ports: node, number.</summary>
    public static int ComparePorts(Term a, Term b)
    {
        int nodes = CompareNodes(a, b);
        if (nodes != 0) return nodes;
        ulong x = PortNumber(a), y = PortNumber(b);
        return x == y ? 0 : x < y ? -1 : 1;
    }
}
