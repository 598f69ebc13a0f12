// Unsafe and RuntimeHelpers: the JIT expands every method here into instructions. A body that calls itself says "must be expanded".

using System.Runtime.InteropServices;

namespace System.Runtime.CompilerServices
{
    public static unsafe class Unsafe
    {
        [Intrinsic]
        public static ref TTo As<TFrom, TTo>(ref TFrom source) => ref As<TFrom, TTo>(ref source);

        [Intrinsic]
        public static ref T Add<T>(ref T source, int elementOffset) => ref Add(ref source, elementOffset);

        [Intrinsic]
        public static ref T Add<T>(ref T source, nint elementOffset) => ref Add(ref source, elementOffset);

        [Intrinsic]
        public static ref T Add<T>(ref T source, nuint elementOffset) => ref Add(ref source, elementOffset);

        [Intrinsic]
        public static void* Add<T>(void* source, int elementOffset) => Add<T>(source, elementOffset);

        [Intrinsic]
        public static ref T Subtract<T>(ref T source, int elementOffset) => ref Subtract(ref source, elementOffset);

        [Intrinsic]
        public static ref T AddByteOffset<T>(ref T source, nint byteOffset) => ref AddByteOffset(ref source, byteOffset);

        [Intrinsic]
        public static ref T AddByteOffset<T>(ref T source, nuint byteOffset) => ref AddByteOffset(ref source, byteOffset);

        [Intrinsic]
        public static nint ByteOffset<T>(ref readonly T origin, ref readonly T target) => ByteOffset(in origin, in target);

        [Intrinsic]
        public static bool AreSame<T>(ref readonly T left, ref readonly T right) => AreSame(in left, in right);

        [Intrinsic]
        public static void* AsPointer<T>(ref readonly T value) => AsPointer(in value);

        [Intrinsic]
        public static ref T AsRef<T>(void* source) => ref AsRef<T>(source);

        [Intrinsic]
        public static ref T AsRef<T>(scoped ref readonly T source) => ref AsRef(in source);

        [Intrinsic]
        public static int SizeOf<T>() => SizeOf<T>();

        [Intrinsic]
        public static void SkipInit<T>(out T value) => SkipInit(out value);

        [Intrinsic]
        public static T ReadUnaligned<T>(void* source) => ReadUnaligned<T>(source);

        [Intrinsic]
        public static T ReadUnaligned<T>(ref readonly byte source) => ReadUnaligned<T>(in source);

        [Intrinsic]
        public static void WriteUnaligned<T>(void* destination, T value) => WriteUnaligned(destination, value);

        [Intrinsic]
        public static void WriteUnaligned<T>(ref byte destination, T value) => WriteUnaligned(ref destination, value);

        [Intrinsic]
        public static T Read<T>(void* source) => Read<T>(source);

        [Intrinsic]
        public static void Write<T>(void* destination, T value) => Write(destination, value);

        [Intrinsic]
        public static TTo BitCast<TFrom, TTo>(TFrom source) => BitCast<TFrom, TTo>(source);

        /// <summary>Like memcpy: the blocks must not overlap. For a length known at compile time the JIT unrolls the copy.</summary>
        [Intrinsic]
        public static void CopyBlock(void* destination, void* source, uint byteCount) => CopyBlock(destination, source, byteCount);

        /// <inheritdoc cref="CopyBlock"/>
        [Intrinsic]
        public static void CopyBlockUnaligned(void* destination, void* source, uint byteCount) =>
            CopyBlockUnaligned(destination, source, byteCount);

        [Intrinsic]
        public static void InitBlock(void* startAddress, byte value, uint byteCount) => InitBlock(startAddress, value, byteCount);

        [Intrinsic]
        public static void InitBlockUnaligned(void* startAddress, byte value, uint byteCount) =>
            InitBlockUnaligned(startAddress, value, byteCount);
    }

    public static unsafe class RuntimeHelpers
    {
        public static int OffsetToStringData => sizeof(nint) + sizeof(int);

        /// <summary>What <c>ReadOnlySpan&lt;ulong&gt; T => new ulong[] { ... }</c> compiles to: a span over the constant data in the image.</summary>
        [Intrinsic]
        public static ReadOnlySpan<T> CreateSpan<T>(RuntimeFieldHandle fldHandle) => CreateSpan<T>(fldHandle);

        [Intrinsic]
        public static bool IsReferenceOrContainsReferences<T>() => IsReferenceOrContainsReferences<T>();

        /// <summary>The compiler wants it for array initialisers, which have no place here.</summary>
        public static void InitializeArray(Array array, RuntimeFieldHandle fldHandle) => Fatal.Unsupported();
    }

    /// <summary>Which language features the compiler may use.</summary>
    public static class RuntimeFeature
    {
        public const string ByRefFields = nameof(ByRefFields);
        public const string ByRefLikeGenerics = nameof(ByRefLikeGenerics);
        public const string DefaultImplementationsOfInterfaces = nameof(DefaultImplementationsOfInterfaces);
        public const string NumericIntPtr = nameof(NumericIntPtr);
        public const string UnmanagedSignatureCallingConvention = nameof(UnmanagedSignatureCallingConvention);
        public const string VirtualStaticsInInterfaces = nameof(VirtualStaticsInInterfaces);
    }
}
