// Machine instructions, under .NET's names. `IsSupported` is a constant for the code generator: the branch for another machine
// disappears. Each method calls itself, which ilc reads as "expand this or fail".

using System.Runtime.CompilerServices;

namespace System.Runtime.Intrinsics.X86
{
    [Intrinsic]
    public abstract class X86Base
    {
        public static bool IsSupported
        {
            [Intrinsic]
            get => IsSupported;
        }

        /// <summary>Tells the processor that this is a spin loop.</summary>
        [Intrinsic]
        public static void Pause() => Pause();

        [Intrinsic]
        public abstract class X64
        {
            public static bool IsSupported
            {
                [Intrinsic]
                get => IsSupported;
            }

            /// <summary>Divides the 128-bit number upper:lower. The quotient must fit in 64 bits, so upper &lt; divisor.</summary>
            [Intrinsic]
            public static (ulong Quotient, ulong Remainder) DivRem(ulong lower, ulong upper, ulong divisor) => DivRem(lower, upper, divisor);
        }
    }

    [Intrinsic]
    public abstract class Bmi2
    {
        public static bool IsSupported
        {
            [Intrinsic]
            get => IsSupported;
        }

        [Intrinsic]
        public abstract class X64
        {
            public static bool IsSupported
            {
                [Intrinsic]
                get => IsSupported;
            }

            /// <summary>mulx: returns the high half.</summary>
            [Intrinsic]
            public static unsafe ulong MultiplyNoFlags(ulong left, ulong right, ulong* low) => MultiplyNoFlags(left, right, low);
        }
    }
}

namespace System.Runtime.Intrinsics.Arm
{
    [Intrinsic]
    public abstract class ArmBase
    {
        public static bool IsSupported
        {
            [Intrinsic]
            get => IsSupported;
        }

        /// <summary>Tells the processor that this is a spin loop.</summary>
        [Intrinsic]
        public static void Yield() => Yield();

        [Intrinsic]
        public abstract class Arm64
        {
            public static bool IsSupported
            {
                [Intrinsic]
                get => IsSupported;
            }

            [Intrinsic]
            public static ulong MultiplyHigh(ulong left, ulong right) => MultiplyHigh(left, right);

            [Intrinsic]
            public static long MultiplyHigh(long left, long right) => MultiplyHigh(left, right);
        }
    }
}
