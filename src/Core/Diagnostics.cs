// The end of the road: a fault that the runtime would throw an exception for prints one line to stderr and aborts. MyBeam's code
// checks before it divides, indexes or converts, so each of these is a bug of the VM, never an Erlang error.

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace System
{
    internal static unsafe class Fatal
    {
        [MethodImpl(MethodImplOptions.NoInlining), DoesNotReturn]
        internal static void IndexOutOfRange() => Die("index out of range"u8);

        [MethodImpl(MethodImplOptions.NoInlining), DoesNotReturn]
        internal static void ArgumentOutOfRange() => Die("argument out of range"u8);

        [MethodImpl(MethodImplOptions.NoInlining), DoesNotReturn]
        internal static void Overflow() => Die("arithmetic overflow"u8);

        [MethodImpl(MethodImplOptions.NoInlining), DoesNotReturn]
        internal static void OutOfMemory() => Die("out of memory"u8);

        [MethodImpl(MethodImplOptions.NoInlining), DoesNotReturn]
        internal static void Unsupported() => Die("this needs a runtime"u8);

        [MethodImpl(MethodImplOptions.NoInlining), DoesNotReturn]
        internal static void Die(ReadOnlySpan<byte> what)
        {
            Print("mybeam: fatal: "u8);
            Print(what);
            Print("\n"u8);
            Libc.abort();
        }

        internal static void Print(ReadOnlySpan<byte> text)
        {
            fixed (byte* p = text)
                Libc.write(2, p, (nuint)text.Length);
        }

        /// <summary>ASCII only, other characters as '?'.</summary>
        [SkipLocalsInit]
        internal static void Print(string text)
        {
            byte* buffer = stackalloc byte[512];
            int n = Math.Min(text.Length, 512);
            fixed (char* p = text)
            {
                for (int i = 0; i < n; i++)
                    buffer[i] = p[i] < 128 ? (byte)p[i] : (byte)'?';
            }

            Libc.write(2, buffer, (nuint)n);
        }

        internal static void Print(int number)
        {
            byte* buffer = stackalloc byte[12];
            int i = 12;
            do
            {
                buffer[--i] = (byte)('0' + number % 10);
                number /= 10;
            }
            while (number > 0);
            Libc.write(2, buffer + i, (nuint)(12 - i));
        }
    }
}

namespace System.Diagnostics
{
    public static class Debug
    {
        /// <summary>Exists in builds with DEBUG defined; prints where and what, then aborts.</summary>
        [Conditional("DEBUG")]
        public static void Assert(
            [DoesNotReturnIf(false)] bool condition,
            [CallerArgumentExpression(nameof(condition))] string message = null,
            [CallerFilePath] string file = null,
            [CallerLineNumber] int line = 0)
        {
            if (!condition)
                Failed(message, file, line);
        }

        [Conditional("DEBUG"), DoesNotReturn]
        public static void Fail(string message, [CallerFilePath] string file = null, [CallerLineNumber] int line = 0) =>
            Failed(message, file, line);

        [MethodImpl(MethodImplOptions.NoInlining), DoesNotReturn]
        private static void Failed(string message, string file, int line)
        {
            Fatal.Print(file);
            Fatal.Print(":"u8);
            Fatal.Print(line);
            Fatal.Print(": assertion failed: "u8);
            Fatal.Print(message);
            Fatal.Print("\n"u8);
            Libc.abort();
        }
    }
}

namespace System.Diagnostics.CodeAnalysis
{
    public sealed class DoesNotReturnIfAttribute : Attribute
    {
        public DoesNotReturnIfAttribute(bool parameterValue)
        {
        }
    }
}
