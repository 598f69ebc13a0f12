// Interlocked and Volatile: sequentially consistent read-modify-write operations, acquire loads and release stores.

using System.Runtime.CompilerServices;

namespace System.Threading
{
    public static unsafe class Interlocked
    {
        [Intrinsic]
        public static int CompareExchange(ref int location1, int value, int comparand) => CompareExchange(ref location1, value, comparand);

        [Intrinsic]
        public static long CompareExchange(ref long location1, long value, long comparand) => CompareExchange(ref location1, value, comparand);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static uint CompareExchange(ref uint location1, uint value, uint comparand) =>
            (uint)CompareExchange(ref Unsafe.As<uint, int>(ref location1), (int)value, (int)comparand);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong CompareExchange(ref ulong location1, ulong value, ulong comparand) =>
            (ulong)CompareExchange(ref Unsafe.As<ulong, long>(ref location1), (long)value, (long)comparand);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nint CompareExchange(ref nint location1, nint value, nint comparand) =>
            (nint)CompareExchange(ref Unsafe.As<nint, long>(ref location1), value, comparand);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nuint CompareExchange(ref nuint location1, nuint value, nuint comparand) =>
            (nuint)CompareExchange(ref Unsafe.As<nuint, long>(ref location1), (long)value, (long)comparand);

        [Intrinsic]
        public static int Exchange(ref int location1, int value) => Exchange(ref location1, value);

        [Intrinsic]
        public static long Exchange(ref long location1, long value) => Exchange(ref location1, value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static uint Exchange(ref uint location1, uint value) => (uint)Exchange(ref Unsafe.As<uint, int>(ref location1), (int)value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Exchange(ref ulong location1, ulong value) =>
            (ulong)Exchange(ref Unsafe.As<ulong, long>(ref location1), (long)value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nint Exchange(ref nint location1, nint value) => (nint)Exchange(ref Unsafe.As<nint, long>(ref location1), value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nuint Exchange(ref nuint location1, nuint value) =>
            (nuint)Exchange(ref Unsafe.As<nuint, long>(ref location1), (long)value);

        /// <summary>Returns the new value.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int Add(ref int location1, int value) => ExchangeAdd(ref location1, value) + value;

        /// <inheritdoc cref="Add(ref int, int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static long Add(ref long location1, long value) => ExchangeAdd(ref location1, value) + value;

        /// <inheritdoc cref="Add(ref int, int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static uint Add(ref uint location1, uint value) => (uint)Add(ref Unsafe.As<uint, int>(ref location1), (int)value);

        /// <inheritdoc cref="Add(ref int, int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Add(ref ulong location1, ulong value) => (ulong)Add(ref Unsafe.As<ulong, long>(ref location1), (long)value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int Increment(ref int location) => Add(ref location, 1);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static long Increment(ref long location) => Add(ref location, 1);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static uint Increment(ref uint location) => Add(ref location, 1u);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Increment(ref ulong location) => Add(ref location, 1ul);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int Decrement(ref int location) => Add(ref location, -1);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static long Decrement(ref long location) => Add(ref location, -1);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static uint Decrement(ref uint location) => Add(ref location, uint.MaxValue);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Decrement(ref ulong location) => Add(ref location, ulong.MaxValue);

        // And and Or have no instruction on every target, so they are loops everywhere.

        /// <summary>Returns the old value.</summary>
        public static int And(ref int location1, int value)
        {
            int current = Volatile.Read(ref location1);
            while (true)
            {
                int seen = CompareExchange(ref location1, current & value, current);
                if (seen == current)
                    return seen;
                current = seen;
            }
        }

        /// <inheritdoc cref="And(ref int, int)"/>
        public static int Or(ref int location1, int value)
        {
            int current = Volatile.Read(ref location1);
            while (true)
            {
                int seen = CompareExchange(ref location1, current | value, current);
                if (seen == current)
                    return seen;
                current = seen;
            }
        }

        /// <inheritdoc cref="And(ref int, int)"/>
        public static long And(ref long location1, long value)
        {
            long current = Volatile.Read(ref location1);
            while (true)
            {
                long seen = CompareExchange(ref location1, current & value, current);
                if (seen == current)
                    return seen;
                current = seen;
            }
        }

        /// <inheritdoc cref="And(ref int, int)"/>
        public static long Or(ref long location1, long value)
        {
            long current = Volatile.Read(ref location1);
            while (true)
            {
                long seen = CompareExchange(ref location1, current | value, current);
                if (seen == current)
                    return seen;
                current = seen;
            }
        }

        public static long Read(ref readonly long location) => Volatile.Read(in location);

        [Intrinsic]
        public static void MemoryBarrier() => MemoryBarrier();

        [Intrinsic]
        private static int ExchangeAdd(ref int location1, int value) => ExchangeAdd(ref location1, value);

        [Intrinsic]
        private static long ExchangeAdd(ref long location1, long value) => ExchangeAdd(ref location1, value);
    }

    /// <summary>A read is an acquire, a write is a release, as .NET has it.</summary>
    public static unsafe class Volatile
    {
        // The volatile field makes the compiler emit the `volatile.` prefix, which the code generator turns into ldar/stlr on ARM64.
        private struct VolatileByte
        {
            public volatile byte Value;
        }

        private struct VolatileInt32
        {
            public volatile int Value;
        }

        private struct VolatilePointer
        {
            public volatile nint Value;
        }

        [Intrinsic]
        public static bool Read(ref readonly bool location) =>
            Unsafe.As<bool, VolatileByte>(ref Unsafe.AsRef(in location)).Value != 0;

        [Intrinsic]
        public static void Write(ref bool location, bool value) =>
            Unsafe.As<bool, VolatileByte>(ref location).Value = value ? (byte)1 : (byte)0;

        [Intrinsic]
        public static byte Read(ref readonly byte location) => Unsafe.As<byte, VolatileByte>(ref Unsafe.AsRef(in location)).Value;

        [Intrinsic]
        public static void Write(ref byte location, byte value) => Unsafe.As<byte, VolatileByte>(ref location).Value = value;

        [Intrinsic]
        public static int Read(ref readonly int location) => Unsafe.As<int, VolatileInt32>(ref Unsafe.AsRef(in location)).Value;

        [Intrinsic]
        public static void Write(ref int location, int value) => Unsafe.As<int, VolatileInt32>(ref location).Value = value;

        [Intrinsic]
        public static uint Read(ref readonly uint location) => (uint)Unsafe.As<uint, VolatileInt32>(ref Unsafe.AsRef(in location)).Value;

        [Intrinsic]
        public static void Write(ref uint location, uint value) => Unsafe.As<uint, VolatileInt32>(ref location).Value = (int)value;

        [Intrinsic]
        public static long Read(ref readonly long location) => Unsafe.As<long, VolatilePointer>(ref Unsafe.AsRef(in location)).Value;

        [Intrinsic]
        public static void Write(ref long location, long value) => Unsafe.As<long, VolatilePointer>(ref location).Value = (nint)value;

        [Intrinsic]
        public static ulong Read(ref readonly ulong location) =>
            (ulong)Unsafe.As<ulong, VolatilePointer>(ref Unsafe.AsRef(in location)).Value;

        [Intrinsic]
        public static void Write(ref ulong location, ulong value) => Unsafe.As<ulong, VolatilePointer>(ref location).Value = (nint)value;

        [Intrinsic]
        public static nint Read(ref readonly nint location) => Unsafe.As<nint, VolatilePointer>(ref Unsafe.AsRef(in location)).Value;

        [Intrinsic]
        public static void Write(ref nint location, nint value) => Unsafe.As<nint, VolatilePointer>(ref location).Value = value;

        [Intrinsic]
        public static nuint Read(ref readonly nuint location) =>
            (nuint)Unsafe.As<nuint, VolatilePointer>(ref Unsafe.AsRef(in location)).Value;

        [Intrinsic]
        public static void Write(ref nuint location, nuint value) => Unsafe.As<nuint, VolatilePointer>(ref location).Value = (nint)value;
    }
}
