// Span<T> and ReadOnlySpan<T> over native memory, constant data of the image and the stack.
//
// The field names, their order and [Intrinsic] on the indexer are what the JIT looks for when it expands accesses; its bounds
// check calls ThrowHelpers.ThrowIndexOutOfRangeException (Runtime.cs).

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace System
{
    public readonly unsafe ref struct Span<T>
    {
        internal readonly ref T _reference;
        private readonly int _length;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Span(void* pointer, int length)
        {
            if (length < 0)
                Fatal.ArgumentOutOfRange();
            _reference = ref Unsafe.As<byte, T>(ref *(byte*)pointer);
            _length = length;
        }

        /// <summary>One element.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Span(ref T reference)
        {
            _reference = ref reference;
            _length = 1;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal Span(ref T reference, int length)
        {
            _reference = ref reference;
            _length = length;
        }

        public static Span<T> Empty => default;

        public int Length
        {
            [Intrinsic]
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => _length;
        }

        public bool IsEmpty
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => _length == 0;
        }

        public ref T this[int index]
        {
            [Intrinsic]
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get
            {
                if ((uint)index >= (uint)_length)
                    Fatal.IndexOutOfRange();
                return ref Unsafe.Add(ref _reference, index);
            }
        }

        public static implicit operator ReadOnlySpan<T>(Span<T> span) => new(ref span._reference, span._length);

        public ref T GetPinnableReference() => ref _reference;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Span<T> Slice(int start)
        {
            if ((uint)start > (uint)_length)
                Fatal.ArgumentOutOfRange();
            return new Span<T>(ref Unsafe.Add(ref _reference, start), _length - start);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Span<T> Slice(int start, int length)
        {
            if ((ulong)(uint)start + (uint)length > (uint)_length)
                Fatal.ArgumentOutOfRange();
            return new Span<T>(ref Unsafe.Add(ref _reference, start), length);
        }

        public void CopyTo(Span<T> destination) => ((ReadOnlySpan<T>)this).CopyTo(destination);

        public bool TryCopyTo(Span<T> destination) => ((ReadOnlySpan<T>)this).TryCopyTo(destination);

        public void Clear() =>
            SpanHelpers.ClearWithoutReferences(ref Unsafe.As<T, byte>(ref _reference), (nuint)_length * (nuint)Unsafe.SizeOf<T>());

        public void Fill(T value)
        {
            if (Unsafe.SizeOf<T>() == 1)
            {
                SpanHelpers.Fill(ref Unsafe.As<T, byte>(ref _reference), Unsafe.As<T, byte>(ref value), (nuint)_length);
                return;
            }

            for (int i = 0; i < _length; i++)
                Unsafe.Add(ref _reference, i) = value;
        }

        public Enumerator GetEnumerator() => new(this);

        public ref struct Enumerator
        {
            private readonly Span<T> _span;
            private int _index;

            internal Enumerator(Span<T> span)
            {
                _span = span;
                _index = -1;
            }

            public readonly ref T Current => ref _span[_index];

            public bool MoveNext() => ++_index < _span.Length;
        }
    }

    public readonly unsafe ref struct ReadOnlySpan<T>
    {
        internal readonly ref T _reference;
        private readonly int _length;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ReadOnlySpan(void* pointer, int length)
        {
            if (length < 0)
                Fatal.ArgumentOutOfRange();
            _reference = ref Unsafe.As<byte, T>(ref *(byte*)pointer);
            _length = length;
        }

        /// <summary>The compiler wants this constructor to exist before it makes <c>u8</c> literals; there are no arrays to pass.</summary>
        public ReadOnlySpan(T[] array, int start, int length)
        {
            Fatal.Unsupported();
            _reference = ref Unsafe.As<byte, T>(ref *(byte*)null);
            _length = 0;
        }

        /// <inheritdoc cref="ReadOnlySpan{T}(T[], int, int)"/>
        public ReadOnlySpan(T[] array)
            : this(array, 0, 0)
        {
        }

        /// <summary>One element.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ReadOnlySpan(ref readonly T reference)
        {
            _reference = ref Unsafe.AsRef(in reference);
            _length = 1;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal ReadOnlySpan(ref T reference, int length)
        {
            _reference = ref reference;
            _length = length;
        }

        public static ReadOnlySpan<T> Empty => default;

        public int Length
        {
            [Intrinsic]
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => _length;
        }

        public bool IsEmpty
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => _length == 0;
        }

        public ref readonly T this[int index]
        {
            [Intrinsic]
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get
            {
                if ((uint)index >= (uint)_length)
                    Fatal.IndexOutOfRange();
                return ref Unsafe.Add(ref _reference, index);
            }
        }

        // Only the compiler's lookup needs it: a table written as `new T[] { ... }` becomes constant data before it gets here.
        public static implicit operator ReadOnlySpan<T>(T[] array) => new(array, 0, 0);

        public ref readonly T GetPinnableReference() => ref _reference;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ReadOnlySpan<T> Slice(int start)
        {
            if ((uint)start > (uint)_length)
                Fatal.ArgumentOutOfRange();
            return new ReadOnlySpan<T>(ref Unsafe.Add(ref _reference, start), _length - start);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ReadOnlySpan<T> Slice(int start, int length)
        {
            if ((ulong)(uint)start + (uint)length > (uint)_length)
                Fatal.ArgumentOutOfRange();
            return new ReadOnlySpan<T>(ref Unsafe.Add(ref _reference, start), length);
        }

        public void CopyTo(Span<T> destination)
        {
            if (!TryCopyTo(destination))
                Fatal.ArgumentOutOfRange();
        }

        public bool TryCopyTo(Span<T> destination)
        {
            if ((uint)_length > (uint)destination.Length)
                return false;
            SpanHelpers.Memmove(
                ref Unsafe.As<T, byte>(ref destination._reference),
                ref Unsafe.As<T, byte>(ref _reference),
                (nuint)_length * (nuint)Unsafe.SizeOf<T>());
            return true;
        }

        public Enumerator GetEnumerator() => new(this);

        public ref struct Enumerator
        {
            private readonly ReadOnlySpan<T> _span;
            private int _index;

            internal Enumerator(ReadOnlySpan<T> span)
            {
                _span = span;
                _index = -1;
            }

            public readonly ref readonly T Current => ref _span[_index];

            public bool MoveNext() => ++_index < _span.Length;
        }
    }

    /// <summary>Comparisons and searches. A Span converts to a ReadOnlySpan by itself where one of these is called on it.</summary>
    public static unsafe class MemoryExtensions
    {
        /// <summary>Compares bytes, so it is for types whose equality is equality of bytes: integers, pointers' integers, enums.</summary>
        public static bool SequenceEqual<T>(this ReadOnlySpan<T> span, ReadOnlySpan<T> other)
            where T : IEquatable<T>
        {
            if (span.Length != other.Length)
                return false;
            fixed (byte* a = &Unsafe.As<T, byte>(ref span._reference), b = &Unsafe.As<T, byte>(ref other._reference))
                return Libc.memcmp(a, b, (nuint)span.Length * (nuint)Unsafe.SizeOf<T>()) == 0;
        }

        /// <summary>Negative, zero or positive; bytes compare as unsigned numbers, a prefix is smaller.</summary>
        public static int SequenceCompareTo(this ReadOnlySpan<byte> span, ReadOnlySpan<byte> other)
        {
            int n = Math.Min(span.Length, other.Length);
            fixed (byte* a = span, b = other)
            {
                int order = n == 0 ? 0 : Libc.memcmp(a, b, (nuint)n);
                return order != 0 ? order : span.Length - other.Length;
            }
        }

        public static bool StartsWith(this ReadOnlySpan<byte> span, ReadOnlySpan<byte> value) =>
            span.Length >= value.Length && span.Slice(0, value.Length).SequenceEqual(value);

        public static bool EndsWith(this ReadOnlySpan<byte> span, ReadOnlySpan<byte> value) =>
            span.Length >= value.Length && span.Slice(span.Length - value.Length).SequenceEqual(value);

        /// <summary>-1 when the value is not there.</summary>
        public static int IndexOf<T>(this ReadOnlySpan<T> span, T value)
            where T : IEquatable<T>
        {
            for (int i = 0; i < span.Length; i++)
            {
                if (span[i].Equals(value))
                    return i;
            }

            return -1;
        }
    }

    /// <summary>Block operations that the JIT also calls for large struct copies and clears; libc's are the fastest at hand.</summary>
    internal static unsafe class SpanHelpers
    {
        internal static void Memmove(ref byte destination, ref byte source, nuint length)
        {
            fixed (byte* d = &destination, s = &source)
                Libc.memmove(d, s, length);
        }

        internal static void Fill(ref byte destination, byte value, nuint length)
        {
            fixed (byte* d = &destination)
                Libc.memset(d, value, length);
        }

        internal static void ClearWithoutReferences(ref byte destination, nuint length)
        {
            fixed (byte* d = &destination)
                Libc.memset(d, 0, length);
        }
    }

    public static unsafe class Buffer
    {
        /// <summary>Copies bytes; the ranges may overlap.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void MemoryCopy(void* source, void* destination, long destinationSizeInBytes, long sourceBytesToCopy)
        {
            if (sourceBytesToCopy > destinationSizeInBytes)
                Fatal.ArgumentOutOfRange();
            Libc.memmove(destination, source, (nuint)sourceBytesToCopy);
        }

        /// <inheritdoc cref="MemoryCopy(void*, void*, long, long)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void MemoryCopy(void* source, void* destination, ulong destinationSizeInBytes, ulong sourceBytesToCopy)
        {
            if (sourceBytesToCopy > destinationSizeInBytes)
                Fatal.ArgumentOutOfRange();
            Libc.memmove(destination, source, (nuint)sourceBytesToCopy);
        }

        // Called by the JIT for large copies of structs (the write barrier has nothing to do here).
        internal static void Memmove(ref byte destination, ref byte source, nuint length) =>
            SpanHelpers.Memmove(ref destination, ref source, length);

        internal static void BulkMoveWithWriteBarrier(ref byte destination, ref byte source, nuint length) =>
            SpanHelpers.Memmove(ref destination, ref source, length);
    }
}

namespace System.Runtime.InteropServices
{
    public static unsafe class MemoryMarshal
    {
        public static ref T GetReference<T>(Span<T> span) => ref span._reference;

        public static ref T GetReference<T>(ReadOnlySpan<T> span) => ref span._reference;

        public static Span<T> CreateSpan<T>(scoped ref T reference, int length) => new(ref Unsafe.AsRef(in reference), length);

        public static ReadOnlySpan<T> CreateReadOnlySpan<T>(scoped ref readonly T reference, int length) =>
            new(ref Unsafe.AsRef(in reference), length);
    }
}
