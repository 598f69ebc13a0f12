// The types that C# itself stands on: object, the primitive types, enums, tuples and the handles named in metadata.
//
// src/Core is the core library of the freestanding build, and of that build only (the hosted build uses .NET's own). It holds
// what the C# compiler and ilc ask for by name plus the small part of the BCL that MyBeam's sources use, with the names and the
// behaviour of .NET, so that the same sources compile against either. There is no managed heap behind it: a class here exists
// because metadata needs it (attributes) or because the compiler looks it up, never to be instantiated.
//
// Files: Primitives, Spans, Unsafe (memory), Numerics (Math, BitOperations, BitConverter), Intrinsics (machine instructions),
// Threading, Interop, Attributes (metadata only), Diagnostics (Debug.Assert, the fatal line), Runtime (what ilc calls by name).

using System.Runtime.CompilerServices;

namespace System
{
    /// <summary>The root class. Its single field is where ilc expects the method table pointer.</summary>
    public unsafe class Object
    {
        internal void* _methodTable;

        // For structs that override them, as the hosted build's tests like. Nothing is ever boxed, so no call gets here.

        public virtual bool Equals(object obj) => this == obj;

        public virtual int GetHashCode() => 0;

        public virtual string ToString() => null;
    }

    public struct Void;

    public abstract class ValueType;

    public abstract class Enum : ValueType;

    /// <summary>A string literal: ilc lays it out as method table, length, UTF-16 units. Only assertions and attributes hold any.</summary>
    public sealed class String
    {
        private readonly int _stringLength;
        private readonly char _firstChar;

        public int Length => _stringLength;

        internal ref readonly char FirstChar => ref _firstChar;

        public ref readonly char GetPinnableReference() => ref _firstChar;
    }

    public abstract class Array;

    /// <summary>ilc looks it up as the class behind T[].</summary>
    internal class Array<T> : Array;

    public abstract class Delegate;

    public abstract class MulticastDelegate : Delegate;

    public class Exception;

    public abstract class Type;

    public struct RuntimeTypeHandle;

    public struct RuntimeMethodHandle;

    public struct RuntimeFieldHandle;

    public interface IEquatable<T>
    {
        bool Equals(T other);
    }

    /// <summary>Lets <c>using</c> compile; ref structs with a Dispose method do not need it.</summary>
    public interface IDisposable
    {
        void Dispose();
    }

    // The primitive types have no declared field: ilc knows their sizes by name, and all operators are IL instructions.

    public struct Boolean : IEquatable<bool>
    {
        public readonly bool Equals(bool other) => this == other;
    }

    public struct Char : IEquatable<char>
    {
        public const char MaxValue = (char)0xffff;
        public const char MinValue = (char)0;

        public readonly bool Equals(char other) => this == other;
    }

    public struct SByte : IEquatable<sbyte>
    {
        public const sbyte MaxValue = 0x7f;
        public const sbyte MinValue = -0x80;

        public readonly bool Equals(sbyte other) => this == other;
    }

    public struct Byte : IEquatable<byte>
    {
        public const byte MaxValue = 0xff;
        public const byte MinValue = 0;

        public readonly bool Equals(byte other) => this == other;
    }

    public struct Int16 : IEquatable<short>
    {
        public const short MaxValue = 0x7fff;
        public const short MinValue = -0x8000;

        public readonly bool Equals(short other) => this == other;
    }

    public struct UInt16 : IEquatable<ushort>
    {
        public const ushort MaxValue = 0xffff;
        public const ushort MinValue = 0;

        public readonly bool Equals(ushort other) => this == other;
    }

    public struct Int32 : IEquatable<int>
    {
        public const int MaxValue = 0x7fffffff;
        public const int MinValue = unchecked((int)0x80000000);

        public readonly bool Equals(int other) => this == other;
    }

    public struct UInt32 : IEquatable<uint>
    {
        public const uint MaxValue = 0xffffffff;
        public const uint MinValue = 0;

        public readonly bool Equals(uint other) => this == other;
    }

    public struct Int64 : IEquatable<long>
    {
        public const long MaxValue = 0x7fffffffffffffff;
        public const long MinValue = unchecked((long)0x8000000000000000);

        public readonly bool Equals(long other) => this == other;
    }

    public struct UInt64 : IEquatable<ulong>
    {
        public const ulong MaxValue = 0xffffffffffffffff;
        public const ulong MinValue = 0;

        public readonly bool Equals(ulong other) => this == other;
    }

    public struct IntPtr : IEquatable<nint>
    {
        public static nint Zero => 0;

        public static int Size => 8;

        public static nint MaxValue => unchecked((nint)long.MaxValue);

        public static nint MinValue => unchecked((nint)long.MinValue);

        public readonly bool Equals(nint other) => this == other;
    }

    public struct UIntPtr : IEquatable<nuint>
    {
        public static nuint Zero => 0;

        public static int Size => 8;

        public static nuint MaxValue => unchecked((nuint)ulong.MaxValue);

        public static nuint MinValue => 0;

        public readonly bool Equals(nuint other) => this == other;
    }

    public struct Single
    {
        public const float MaxValue = 3.40282346638528859e+38f;
        public const float MinValue = -3.40282346638528859e+38f;
        public const float PositiveInfinity = 1.0f / 0.0f;
        public const float NegativeInfinity = -1.0f / 0.0f;
        public const float NaN = 0.0f / 0.0f;

#pragma warning disable CS1718 // only a NaN differs from itself
        public static bool IsNaN(float value) => value != value;
#pragma warning restore CS1718

        public static bool IsFinite(float value) => (BitConverter.SingleToInt32Bits(value) & 0x7f800000) != 0x7f800000;

        public static bool IsInfinity(float value) => (BitConverter.SingleToInt32Bits(value) & 0x7fffffff) == 0x7f800000;
    }

    public struct Double
    {
        public const double MaxValue = 1.7976931348623157E+308;
        public const double MinValue = -1.7976931348623157E+308;
        public const double Epsilon = 4.9406564584124654E-324;
        public const double PositiveInfinity = 1.0 / 0.0;
        public const double NegativeInfinity = -1.0 / 0.0;
        public const double NaN = 0.0 / 0.0;

        private const long ExponentMask = 0x7ff0000000000000;

#pragma warning disable CS1718 // only a NaN differs from itself
        public static bool IsNaN(double value) => value != value;
#pragma warning restore CS1718

        public static bool IsFinite(double value) => (BitConverter.DoubleToInt64Bits(value) & ExponentMask) != ExponentMask;

        public static bool IsInfinity(double value) => (BitConverter.DoubleToInt64Bits(value) & long.MaxValue) == ExponentMask;

        public static bool IsNegative(double value) => BitConverter.DoubleToInt64Bits(value) < 0;

        public static bool IsPositiveInfinity(double value) => value == PositiveInfinity;

        public static bool IsNegativeInfinity(double value) => value == NegativeInfinity;
    }

    /// <summary>The compiler wants the type to exist; nothing of MyBeam uses nullable values.</summary>
    public struct Nullable<T>
        where T : struct
    {
        private readonly bool hasValue;
        internal T value;

        public Nullable(T value)
        {
            this.value = value;
            hasValue = true;
        }

        public readonly bool HasValue => hasValue;

        public readonly T Value => value;

        public readonly T GetValueOrDefault() => value;
    }

    // Tuples: enough for deconstruction, for swaps and for returning two or three values.

    public struct ValueTuple<T1, T2>
    {
        public T1 Item1;
        public T2 Item2;

        public ValueTuple(T1 item1, T2 item2)
        {
            Item1 = item1;
            Item2 = item2;
        }
    }

    public struct ValueTuple<T1, T2, T3>
    {
        public T1 Item1;
        public T2 Item2;
        public T3 Item3;

        public ValueTuple(T1 item1, T2 item2, T3 item3)
        {
            Item1 = item1;
            Item2 = item2;
            Item3 = item3;
        }
    }

    public struct ValueTuple<T1, T2, T3, T4>
    {
        public T1 Item1;
        public T2 Item2;
        public T3 Item3;
        public T4 Item4;

        public ValueTuple(T1 item1, T2 item2, T3 item3, T4 item4)
        {
            Item1 = item1;
            Item2 = item2;
            Item3 = item3;
            Item4 = item4;
        }
    }

    /// <summary>For <c>span[^n]</c>, which the compiler lowers to arithmetic on Length.</summary>
    public readonly struct Index
    {
        private readonly int _value;

        public Index(int value, bool fromEnd = false) => _value = fromEnd ? ~value : value;

        public static implicit operator Index(int value) => new(value);

        public int GetOffset(int length) => _value < 0 ? _value + length + 1 : _value;
    }

    /// <summary>For <c>span[a..b]</c>, which the compiler lowers to Slice.</summary>
    public readonly struct Range
    {
        public Range(Index start, Index end)
        {
            Start = start;
            End = end;
        }

        public Index Start { get; }

        public Index End { get; }

        public static Range All => new(new Index(0), new Index(0, true));

        public static Range StartAt(Index start) => new(start, new Index(0, true));

        public static Range EndAt(Index end) => new(new Index(0), end);
    }
}
