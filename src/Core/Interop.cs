// Calling C and being called from it, and the memory functions of libc under .NET's names.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace System
{
    /// <summary>The libc functions that Core itself needs.</summary>
    internal static unsafe class Libc
    {
        [DllImport("libc"), SuppressGCTransition]
        internal static extern void* malloc(nuint size);

        [DllImport("libc"), SuppressGCTransition]
        internal static extern void* calloc(nuint count, nuint size);

        [DllImport("libc"), SuppressGCTransition]
        internal static extern void* realloc(void* p, nuint size);

        [DllImport("libc"), SuppressGCTransition]
        internal static extern void free(void* p);

        [DllImport("libc"), SuppressGCTransition]
        internal static extern void* memmove(void* destination, void* source, nuint size);

        [DllImport("libc"), SuppressGCTransition]
        internal static extern void* memset(void* destination, int value, nuint size);

        [DllImport("libc"), SuppressGCTransition]
        internal static extern int memcmp(void* a, void* b, nuint size);

        [DllImport("libc"), SuppressGCTransition]
        internal static extern nint write(int fd, void* data, nuint size);

        [DllImport("libc"), SuppressGCTransition]
        internal static extern void abort();
    }
}

namespace System.Runtime.InteropServices
{
    public static unsafe class NativeMemory
    {
        /// <summary>Bytes. The memory is not cleared. Null when there is none left (.NET: OutOfMemoryException): the VM's allocator hands that on, and the one process that wanted the memory ends. A system that has not even a small block left is past saving.</summary>
        public static void* Alloc(nuint byteCount) => Check(Libc.malloc(byteCount == 0 ? 1 : byteCount), byteCount);

        public static void* AllocZeroed(nuint byteCount) => Check(Libc.calloc(byteCount == 0 ? 1 : byteCount, 1), byteCount);

        public static void* AllocZeroed(nuint elementCount, nuint elementSize) => Check(Libc.calloc(elementCount, elementSize), elementCount * elementSize);

        public static void* Realloc(void* ptr, nuint byteCount) => Check(Libc.realloc(ptr, byteCount == 0 ? 1 : byteCount), byteCount);

        private const nuint SmallBlock = 32 * 1024;

        private static void* Check(void* p, nuint bytes)
        {
            if (p == null && bytes < SmallBlock)
                Fatal.OutOfMemory();
            return p;
        }

        public static void Free(void* ptr) => Libc.free(ptr);

        public static void Clear(void* ptr, nuint byteCount) => Libc.memset(ptr, 0, byteCount);

        public static void Copy(void* source, void* destination, nuint byteCount) => Libc.memmove(destination, source, byteCount);

        public static void Fill(void* ptr, nuint byteCount, byte value) => Libc.memset(ptr, value, byteCount);
    }

    public sealed class DllImportAttribute : Attribute
    {
        public string EntryPoint;
        public bool SetLastError;
        public bool ExactSpelling;
        public bool PreserveSig;
        public CallingConvention CallingConvention;
        public CharSet CharSet;

        public DllImportAttribute(string dllName)
        {
        }
    }

    public enum CallingConvention
    {
        Winapi = 1,
        Cdecl = 2,
    }

    public enum CharSet
    {
        None = 1,
        Ansi = 2,
        Unicode = 3,
        Auto = 4,
    }

    public sealed class SuppressGCTransitionAttribute : Attribute;

    public sealed class UnmanagedCallersOnlyAttribute : Attribute
    {
        public string EntryPoint;
        public Type[] CallConvs;
    }

    public sealed class StructLayoutAttribute : Attribute
    {
        public int Pack;
        public int Size;
        public CharSet CharSet;

        public StructLayoutAttribute(LayoutKind layoutKind)
        {
        }
    }

    public enum LayoutKind
    {
        Sequential = 0,
        Explicit = 2,
        Auto = 3,
    }

    public sealed class FieldOffsetAttribute : Attribute
    {
        public FieldOffsetAttribute(int offset)
        {
        }
    }

    public sealed class InAttribute : Attribute;

    public sealed class OutAttribute : Attribute;

    /// <summary>The compiler marks <c>where T : unmanaged</c> with it.</summary>
    public sealed class UnmanagedType;

    /// <summary>ilc looks it up when it builds type tables; nothing implements it.</summary>
    public interface IDynamicInterfaceCastable
    {
        RuntimeTypeHandle GetDynamicInterfaceImplementation(RuntimeTypeHandle interfaceType);

        bool IsInterfaceImplemented(RuntimeTypeHandle interfaceType, bool throwIfNotImplemented);

        internal static RuntimeTypeHandle GetDynamicInterfaceImplementation(object instance, nint type, ushort slot) => default;
    }
}
