// Math, BitConverter, BitOperations, BinaryPrimitives. Methods marked [Intrinsic] become one or two instructions where the
// target has them; the body is what runs otherwise, and gives the same result.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace System
{
    public static unsafe class Math
    {
        public const double E = 2.7182818284590452354;
        public const double PI = 3.14159265358979323846;

        [Intrinsic]
        public static double Sqrt(double d) => Sqrt(d);

        [Intrinsic]
        public static double Abs(double value) => Abs(value);

        [Intrinsic]
        public static double Floor(double d) => Libm.floor(d);

        [Intrinsic]
        public static double Ceiling(double a) => Libm.ceil(a);

        [Intrinsic]
        public static double Truncate(double d) => Libm.trunc(d);

        /// <summary>Half-way cases go to the even neighbour.</summary>
        [Intrinsic]
        public static double Round(double a) => Libm.rint(a);

        public static double CopySign(double x, double y) =>
            BitConverter.Int64BitsToDouble((BitConverter.DoubleToInt64Bits(x) & long.MaxValue) | (BitConverter.DoubleToInt64Bits(y) & long.MinValue));

        public static int Abs(int value)
        {
            if (value == int.MinValue)
                Fatal.Overflow();
            return value < 0 ? -value : value;
        }

        public static long Abs(long value)
        {
            if (value == long.MinValue)
                Fatal.Overflow();
            return value < 0 ? -value : value;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static byte Min(byte a, byte b) => a <= b ? a : b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int Min(int a, int b) => a <= b ? a : b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static uint Min(uint a, uint b) => a <= b ? a : b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static long Min(long a, long b) => a <= b ? a : b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Min(ulong a, ulong b) => a <= b ? a : b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nint Min(nint a, nint b) => a <= b ? a : b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nuint Min(nuint a, nuint b) => a <= b ? a : b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static byte Max(byte a, byte b) => a >= b ? a : b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int Max(int a, int b) => a >= b ? a : b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static uint Max(uint a, uint b) => a >= b ? a : b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static long Max(long a, long b) => a >= b ? a : b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Max(ulong a, ulong b) => a >= b ? a : b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nint Max(nint a, nint b) => a >= b ? a : b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nuint Max(nuint a, nuint b) => a >= b ? a : b;

        // IEEE 754 minimum and maximum: NaN wins, -0.0 is smaller than 0.0.

        [Intrinsic]
        public static double Min(double val1, double val2)
        {
            if (val1 != val2)
                return double.IsNaN(val1) || val1 < val2 ? val1 : val2;
            return double.IsNegative(val1) ? val1 : val2;
        }

        [Intrinsic]
        public static double Max(double val1, double val2)
        {
            if (val1 != val2)
                return double.IsNaN(val1) || val2 < val1 ? val1 : val2;
            return double.IsNegative(val2) ? val1 : val2;
        }

        /// <summary>The 128-bit product: high half returned, low half through the reference.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong BigMul(ulong a, ulong b, out ulong low)
        {
            if (Bmi2.X64.IsSupported)
            {
                ulong l;
                ulong high = Bmi2.X64.MultiplyNoFlags(a, b, &l);
                low = l;
                return high;
            }

            if (ArmBase.Arm64.IsSupported)
            {
                low = a * b;
                return ArmBase.Arm64.MultiplyHigh(a, b);
            }

            return BigMulByHalves(a, b, out low);
        }

        /// <inheritdoc cref="BigMul(ulong, ulong, out ulong)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static long BigMul(long a, long b, out long low)
        {
            if (ArmBase.Arm64.IsSupported)
            {
                low = a * b;
                return ArmBase.Arm64.MultiplyHigh(a, b);
            }

            ulong high = BigMul((ulong)a, (ulong)b, out ulong ulow);
            low = (long)ulow;
            return (long)high - ((a >> 63) & b) - ((b >> 63) & a);
        }

        private static ulong BigMulByHalves(ulong a, ulong b, out ulong low)
        {
            uint al = (uint)a, ah = (uint)(a >> 32), bl = (uint)b, bh = (uint)(b >> 32);
            ulong mull = (ulong)al * bl;
            ulong t = (ulong)ah * bl + (mull >> 32);
            ulong tl = (ulong)al * bh + (uint)t;
            low = (tl << 32) | (uint)mull;
            return (ulong)ah * bh + (t >> 32) + (tl >> 32);
        }
    }

    public static unsafe class BitConverter
    {
        public static readonly bool IsLittleEndian = true;

        [Intrinsic]
        public static long DoubleToInt64Bits(double value) => *(long*)&value;

        [Intrinsic]
        public static ulong DoubleToUInt64Bits(double value) => *(ulong*)&value;

        [Intrinsic]
        public static double Int64BitsToDouble(long value) => *(double*)&value;

        [Intrinsic]
        public static double UInt64BitsToDouble(ulong value) => *(double*)&value;

        [Intrinsic]
        public static int SingleToInt32Bits(float value) => *(int*)&value;

        [Intrinsic]
        public static uint SingleToUInt32Bits(float value) => *(uint*)&value;

        [Intrinsic]
        public static float Int32BitsToSingle(int value) => *(float*)&value;

        [Intrinsic]
        public static float UInt32BitsToSingle(uint value) => *(float*)&value;
    }

    internal static class Libm
    {
        [DllImport("libm"), SuppressGCTransition]
        internal static extern double floor(double x);

        [DllImport("libm"), SuppressGCTransition]
        internal static extern double ceil(double x);

        [DllImport("libm"), SuppressGCTransition]
        internal static extern double trunc(double x);

        [DllImport("libm"), SuppressGCTransition]
        internal static extern double rint(double x);
    }
}

namespace System.Numerics
{
    public static class BitOperations
    {
        /// <summary>64 for 0.</summary>
        [Intrinsic]
        public static int LeadingZeroCount(ulong value) => LeadingZeroCount(value);

        /// <summary>32 for 0.</summary>
        [Intrinsic]
        public static int LeadingZeroCount(uint value) => LeadingZeroCount(value);

        public static int LeadingZeroCount(nuint value) => LeadingZeroCount((ulong)value);

        /// <summary>64 for 0.</summary>
        [Intrinsic]
        public static int TrailingZeroCount(ulong value) => TrailingZeroCount(value);

        /// <summary>32 for 0.</summary>
        [Intrinsic]
        public static int TrailingZeroCount(uint value) => TrailingZeroCount(value);

        public static int TrailingZeroCount(long value) => TrailingZeroCount((ulong)value);

        public static int TrailingZeroCount(int value) => TrailingZeroCount((uint)value);

        public static int TrailingZeroCount(nuint value) => TrailingZeroCount((ulong)value);

        [Intrinsic]
        public static int PopCount(ulong value)
        {
            value -= (value >> 1) & 0x5555555555555555;
            value = (value & 0x3333333333333333) + ((value >> 2) & 0x3333333333333333);
            value = (value + (value >> 4)) & 0x0f0f0f0f0f0f0f0f;
            return (int)((value * 0x0101010101010101) >> 56);
        }

        [Intrinsic]
        public static int PopCount(uint value) => PopCount((ulong)value);

        public static int PopCount(nuint value) => PopCount((ulong)value);

        [Intrinsic]
        public static ulong RotateLeft(ulong value, int offset) => (value << offset) | (value >> (64 - offset));

        [Intrinsic]
        public static uint RotateLeft(uint value, int offset) => (value << offset) | (value >> (32 - offset));

        [Intrinsic]
        public static ulong RotateRight(ulong value, int offset) => (value >> offset) | (value << (64 - offset));

        [Intrinsic]
        public static uint RotateRight(uint value, int offset) => (value >> offset) | (value << (32 - offset));

        /// <summary>0 for 0.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int Log2(ulong value) => 63 ^ LeadingZeroCount(value | 1);

        /// <summary>0 for 0.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int Log2(uint value) => 31 ^ LeadingZeroCount(value | 1);

        public static bool IsPow2(ulong value) => (value & (value - 1)) == 0 && value != 0;

        public static bool IsPow2(long value) => (value & (value - 1)) == 0 && value > 0;

        public static bool IsPow2(uint value) => (value & (value - 1)) == 0 && value != 0;

        public static bool IsPow2(int value) => (value & (value - 1)) == 0 && value > 0;

        public static bool IsPow2(nuint value) => IsPow2((ulong)value);

        /// <summary>The smallest power of two that is not smaller; 0 for 0 and when it does not fit.</summary>
        public static ulong RoundUpToPowerOf2(ulong value)
        {
            // A shift by 64 must give 0, so it is done in two steps.
            int shift = 64 - LeadingZeroCount(value - 1);
            return (1UL ^ ((ulong)shift >> 6)) << shift;
        }

        /// <inheritdoc cref="RoundUpToPowerOf2(ulong)"/>
        public static uint RoundUpToPowerOf2(uint value)
        {
            int shift = 32 - LeadingZeroCount(value - 1);
            return (1U ^ ((uint)shift >> 5)) << shift;
        }

        public static nuint RoundUpToPowerOf2(nuint value) => (nuint)RoundUpToPowerOf2((ulong)value);
    }
}

namespace System.Buffers.Binary
{
    public static class BinaryPrimitives
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static byte ReverseEndianness(byte value) => value;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static sbyte ReverseEndianness(sbyte value) => value;

        [Intrinsic]
        public static ushort ReverseEndianness(ushort value) => (ushort)((value >> 8) + (value << 8));

        [Intrinsic]
        public static short ReverseEndianness(short value) => (short)ReverseEndianness((ushort)value);

        [Intrinsic]
        public static uint ReverseEndianness(uint value) =>
            Numerics.BitOperations.RotateRight(value & 0x00ff00ff, 8) + Numerics.BitOperations.RotateLeft(value & 0xff00ff00, 8);

        [Intrinsic]
        public static int ReverseEndianness(int value) => (int)ReverseEndianness((uint)value);

        [Intrinsic]
        public static ulong ReverseEndianness(ulong value) =>
            ((ulong)ReverseEndianness((uint)value) << 32) + ReverseEndianness((uint)(value >> 32));

        [Intrinsic]
        public static long ReverseEndianness(long value) => (long)ReverseEndianness((ulong)value);
    }
}
