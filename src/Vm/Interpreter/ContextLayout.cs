// Byte offsets in Context that operands are encoded with.
namespace MyBeam.Vm;

/// <summary>Offsets that Context must have; Machine.Create checks them against the struct.</summary>
public static unsafe class ContextLayout
{
    public const long X = 112, F = X + ((Context.MaxRegisters + 4) * 8);

    /// <summary>Whether the struct is laid out as the constants say.</summary>
    public static bool Holds(Context* c)
    {
        return (byte*)c->X - (byte*)c == X && (byte*)c->F - (byte*)c == F && F + (Context.MaxFloatRegisters * 8) <= ushort.MaxValue;
    }
}
