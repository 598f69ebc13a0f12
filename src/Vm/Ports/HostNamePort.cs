// The part of the driver udp_inet that tells the host's name: inet:gethostname/0 and kernel's start open a UDP socket for that. There are no sockets: what opens one
// on a port of its own choice, sends or receives gets an error.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The requests of prim_inet to such a port, which come by port_control.</summary>
internal static unsafe class HostNamePort
{
    // The numbers of kernel's inet_int.hrl, above what marks requests of prim_inet.
    private const long Magic = 0x03f1a300;
    private const int Open = 1, Bind = 6, SetOptions = 7, GetHostName = 12;
    private const byte Failed = 0, Good = 1;
    // What BIND has: the family of the address (1: inet, 2: inet6, 3: any, 4: loopback), the port in two bytes, the address.
    private const int BindBytes = 3;

    /// <summary>The answer, [Kind | Text]; None: the request is none.</summary>
    public static Term Control(Process* p, Term operation, Term data)
    {
        if (!operation.IsSmall || !IoData.Size(data, false, out ulong bits, out _)) return Term.None;
        switch (operation.SmallValue - Magic)
        {
            case Open or SetOptions:
                return Answer(p, Good, default);
            case Bind:
                // Any port: 0 is said to be the one.
                byte* head = stackalloc byte[32];
                if (bits < BindBytes * 8 || bits > 32 * 8) return Term.None;
                IoData.Copy(data, head, (long)(bits >> 3));
                return head[1] == 0 && head[2] == 0 && head[0] is >= 1 and <= 4 ? Answer(p, Good, "\0\0"u8) : Answer(p, Failed, ErrnoNames.Atom(Errno.Enotsup));
            case GetHostName:
                byte* name = stackalloc byte[256];
                Errno error = OsProcess.HostName(name, 256);
                int n = 0;
                while (n < 255 && name[n] != 0) n++;
                return error == Errno.None ? Answer(p, Good, new ReadOnlySpan<byte>(name, n)) : Answer(p, Failed, ErrnoNames.Atom(error));
            default:
                return Answer(p, Failed, ErrnoNames.Atom(Errno.Enotsup));
        }
    }

    private static Term Answer(Process* p, byte kind, ReadOnlySpan<byte> text)
    {
        Term list = Term.Nil;
        for (int i = text.Length - 1; i >= 0; i--) list = Process.Cons(p, Term.Small(text[i]), list);
        return Process.Cons(p, Term.Small(kind), list);
    }
}
