// What ilc looks up by name, or calls, in every program it compiles: found by its error messages and the linker's.
//
// Most of it serves a runtime that is not here. The transitions around calls of C code (RhpPInvoke and so on) would tell a
// garbage collector where the thread is: they are empty. The data symbols that go with them are in build/start.c.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Internal.Runtime.CompilerHelpers
{
    using System;
    using System.Runtime;

    internal static unsafe class StartupCodeHelpers
    {
        [RuntimeExport("RhpReversePInvoke")]
        private static void ReversePInvoke(nint frame)
        {
        }

        [RuntimeExport("RhpReversePInvokeReturn")]
        private static void ReversePInvokeReturn(nint frame)
        {
        }

        [RuntimeExport("RhpPInvoke")]
        private static void PInvoke(nint frame)
        {
        }

        [RuntimeExport("RhpPInvokeReturn")]
        private static void PInvokeReturn(nint frame)
        {
        }

        [RuntimeExport("RhpGcPoll")]
        private static void GcPoll()
        {
        }

        /// <summary>A stack buffer was written past its end.</summary>
        [RuntimeExport("RhpFallbackFailFast")]
        private static void FallbackFailFast() => Fatal.Die("stack buffer overrun"u8);

        /// <summary>Would register frozen objects and run module initialisers: there are none.</summary>
        private static void InitializeModules(nint osModule, int count, nint classlibFunctions, int classlibFunctionCount)
        {
        }
    }

    /// <summary>ilc's scanner sees the token of a table's field before the code generator turns the span into constant data.</summary>
    internal static class LdTokenHelpers
    {
        private static RuntimeTypeHandle GetRuntimeTypeHandle(nint type) => default;

        private static Type GetRuntimeType(nint type) => null;

        private static RuntimeMethodHandle GetRuntimeMethodHandle(nint handle) => default;

        private static RuntimeFieldHandle GetRuntimeFieldHandle(nint handle) => default;
    }

    /// <summary>Where compiled code goes when a check fails.</summary>
    internal static class ThrowHelpers
    {
        private static void ThrowIndexOutOfRangeException() => Fatal.IndexOutOfRange();

        private static void ThrowDivideByZeroException() => Fatal.Die("division by zero"u8);

        private static void ThrowOverflowException() => Fatal.Overflow();

        private static void ThrowNullReferenceException() => Fatal.Die("null reference"u8);

        private static void ThrowArgumentException() => Fatal.Die("bad argument"u8);

        private static void ThrowArgumentOutOfRangeException() => Fatal.ArgumentOutOfRange();

        private static void ThrowNotImplementedException() => Fatal.Die("not implemented"u8);

        private static void ThrowPlatformNotSupportedException() => Fatal.Die("instruction not supported"u8);

        private static void ThrowTypeNotSupportedException() => Fatal.Die("type not supported"u8);

        // ilc puts these in place of a method whose code it could not compile.

        private static void ThrowFeatureBodyRemoved() => Fatal.Die("method body removed"u8);

        private static void ThrowBodyRemoved() => Fatal.Die("method body removed"u8);

        private static void ThrowInvalidProgramException() => Fatal.Die("invalid program"u8);

        private static void ThrowInvalidProgramExceptionWithArgument() => Fatal.Die("invalid program"u8);
    }
}

namespace System.Runtime.CompilerServices
{
    /// <summary>
    /// Runs a static constructor that ilc could not evaluate at compile time. Not safe against two threads at once: MyBeam's
    /// statics are constants, so this should never be reached (it exists because ilc insists).
    /// </summary>
    internal static unsafe class ClassConstructorRunner
    {
        private static void CheckStaticClassConstruction(ref StaticClassConstructionContext context)
        {
            if (context.cctorMethodAddress != 0)
            {
                var constructor = (delegate*<void>)context.cctorMethodAddress;
                context.cctorMethodAddress = 0;
                constructor();
            }
        }

        private static nint CheckStaticClassConstructionReturnNonGCStaticBase(ref StaticClassConstructionContext context, nint statics)
        {
            CheckStaticClassConstruction(ref context);
            return statics;
        }
    }

    internal struct StaticClassConstructionContext
    {
        public nint cctorMethodAddress;
    }
}

namespace System.Runtime
{
    internal static class InternalCalls;

    /// <summary>Casts of references: looked up, never called.</summary>
    internal static unsafe class TypeCast
    {
        private static object CheckCastAny(nint type, object value) => value;

        private static object CheckCastClass(nint type, object value) => value;

        private static object CheckCastInterface(nint type, object value) => value;

        private static object CheckCastClassSpecial(nint type, object value) => value;

        private static object CheckCastArray(nint type, object value) => value;

        private static object IsInstanceOfAny(nint type, object value) => value;

        private static object IsInstanceOfClass(nint type, object value) => value;

        private static object IsInstanceOfInterface(nint type, object value) => value;

        private static object IsInstanceOfException(nint type, object value) => value;

        private static object IsInstanceOfArray(nint type, object value) => value;

        private static void StelemRef(object array, nint index, object value)
        {
        }

        private static ref object LdelemaRef(object array, nint index, nint type) => ref Unsafe.AsRef<object>(null);
    }
}
