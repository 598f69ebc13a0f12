// Tables of a process that ends.
namespace MyBeam.Vm;
public static unsafe class EtsOwners { public static void Died(Process* p) { } }
