// Tables of a process that ends.
namespace MyBeam.Vm;

/// <summary>The end of a process as tables see it.</summary>
public static unsafe class EtsOwners
{
    /// <summary>Takes the fixations of a process back and gives its tables to their heirs, or deletes them. The process is exiting already.</summary>
    public static void Died(Process* p)
    {
        long budget = long.MaxValue;
        EtsTables.OwnerDied(p, ref budget);
    }
}
