// The operating system's error codes, and the atoms that Erlang programs see for them ({error, enoent}).
using System;

namespace MyBeam.Platform;

#pragma warning disable CS1591 // The members are the macros of <errno.h>, and say no more than those.

/// <summary>
/// Why a call of the operating system failed. The numbers are Linux's (the same on x64 and ARM64), so the Posix port passes errno
/// through; a port with other numbers translates into these. Codes without a member keep their number and read as "unknown".
/// </summary>
public enum Errno
{
    /// <summary>The call succeeded.</summary>
    None = 0,
    Eperm = 1,
    Enoent = 2,
    Esrch = 3,
    Eintr = 4,
    Eio = 5,
    Enxio = 6,
    E2big = 7,
    Enoexec = 8,
    Ebadf = 9,
    Echild = 10,
    Eagain = 11,
    Enomem = 12,
    Eacces = 13,
    Efault = 14,
    Enotblk = 15,
    Ebusy = 16,
    Eexist = 17,
    Exdev = 18,
    Enodev = 19,
    Enotdir = 20,
    Eisdir = 21,
    Einval = 22,
    Enfile = 23,
    Emfile = 24,
    Enotty = 25,
    Etxtbsy = 26,
    Efbig = 27,
    Enospc = 28,
    Espipe = 29,
    Erofs = 30,
    Emlink = 31,
    Epipe = 32,
    Edom = 33,
    Erange = 34,
    Edeadlk = 35,
    Enametoolong = 36,
    Enolck = 37,
    Enosys = 38,
    Enotempty = 39,
    Eloop = 40,
    Enomsg = 42,
    Eidrm = 43,
    Echrng = 44,
    El2nsync = 45,
    El3hlt = 46,
    El3rst = 47,
    Elnrng = 48,
    Eunatch = 49,
    Enocsi = 50,
    El2hlt = 51,
    Ebade = 52,
    Ebadr = 53,
    Exfull = 54,
    Enoano = 55,
    Ebadrqc = 56,
    Ebadslt = 57,
    Ebfont = 59,
    Enostr = 60,
    Enodata = 61,
    Etime = 62,
    Enosr = 63,
    Enonet = 64,
    Enopkg = 65,
    Eremote = 66,
    Enolink = 67,
    Eadv = 68,
    Esrmnt = 69,
    Ecomm = 70,
    Eproto = 71,
    Emultihop = 72,
    Edotdot = 73,
    Ebadmsg = 74,
    Eoverflow = 75,
    Enotuniq = 76,
    Ebadfd = 77,
    Eremchg = 78,
    Elibacc = 79,
    Elibbad = 80,
    Elibscn = 81,
    Elibmax = 82,
    Elibexec = 83,
    Eilseq = 84,
    Eusers = 87,
    Enotsock = 88,
    Edestaddrreq = 89,
    Emsgsize = 90,
    Eprototype = 91,
    Enoprotoopt = 92,
    Eprotonosupport = 93,
    Esocktnosupport = 94,
    Enotsup = 95,
    Epfnosupport = 96,
    Eafnosupport = 97,
    Eaddrinuse = 98,
    Eaddrnotavail = 99,
    Enetdown = 100,
    Enetunreach = 101,
    Enetreset = 102,
    Econnaborted = 103,
    Econnreset = 104,
    Enobufs = 105,
    Eisconn = 106,
    Enotconn = 107,
    Eshutdown = 108,
    Etoomanyrefs = 109,
    Etimedout = 110,
    Econnrefused = 111,
    Ehostdown = 112,
    Ehostunreach = 113,
    Ealready = 114,
    Einprogress = 115,
    Estale = 116,
    Euclean = 117,
    Enotnam = 118,
    Enavail = 119,
    Eremoteio = 121,
    Edquot = 122,
}

#pragma warning restore CS1591

/// <summary>The names of <see cref="Errno"/> values.</summary>
public static class ErrnoNames
{
    /// <summary>
    /// The text of the atom for an error code, without a terminator; "unknown" for a code that OTP has no name for.
    /// The spelling is the C macro's in lower case; where Linux gives one number two names, the one OTP gives there
    /// (enotsup, eagain, edeadlk). Rule: erts' erl_errno_id.
    /// </summary>
    public static ReadOnlySpan<byte> Atom(Errno error)
    {
        switch (error)
        {
            case Errno.Eperm: return "eperm"u8;
            case Errno.Enoent: return "enoent"u8;
            case Errno.Esrch: return "esrch"u8;
            case Errno.Eintr: return "eintr"u8;
            case Errno.Eio: return "eio"u8;
            case Errno.Enxio: return "enxio"u8;
            case Errno.E2big: return "e2big"u8;
            case Errno.Enoexec: return "enoexec"u8;
            case Errno.Ebadf: return "ebadf"u8;
            case Errno.Echild: return "echild"u8;
            case Errno.Eagain: return "eagain"u8;
            case Errno.Enomem: return "enomem"u8;
            case Errno.Eacces: return "eacces"u8;
            case Errno.Efault: return "efault"u8;
            case Errno.Enotblk: return "enotblk"u8;
            case Errno.Ebusy: return "ebusy"u8;
            case Errno.Eexist: return "eexist"u8;
            case Errno.Exdev: return "exdev"u8;
            case Errno.Enodev: return "enodev"u8;
            case Errno.Enotdir: return "enotdir"u8;
            case Errno.Eisdir: return "eisdir"u8;
            case Errno.Einval: return "einval"u8;
            case Errno.Enfile: return "enfile"u8;
            case Errno.Emfile: return "emfile"u8;
            case Errno.Enotty: return "enotty"u8;
            case Errno.Etxtbsy: return "etxtbsy"u8;
            case Errno.Efbig: return "efbig"u8;
            case Errno.Enospc: return "enospc"u8;
            case Errno.Espipe: return "espipe"u8;
            case Errno.Erofs: return "erofs"u8;
            case Errno.Emlink: return "emlink"u8;
            case Errno.Epipe: return "epipe"u8;
            case Errno.Edom: return "edom"u8;
            case Errno.Erange: return "erange"u8;
            case Errno.Edeadlk: return "edeadlk"u8;
            case Errno.Enametoolong: return "enametoolong"u8;
            case Errno.Enolck: return "enolck"u8;
            case Errno.Enosys: return "enosys"u8;
            case Errno.Enotempty: return "enotempty"u8;
            case Errno.Eloop: return "eloop"u8;
            case Errno.Enomsg: return "enomsg"u8;
            case Errno.Eidrm: return "eidrm"u8;
            case Errno.Echrng: return "echrng"u8;
            case Errno.El2nsync: return "el2nsync"u8;
            case Errno.El3hlt: return "el3hlt"u8;
            case Errno.El3rst: return "el3rst"u8;
            case Errno.Elnrng: return "elnrng"u8;
            case Errno.Eunatch: return "eunatch"u8;
            case Errno.Enocsi: return "enocsi"u8;
            case Errno.El2hlt: return "el2hlt"u8;
            case Errno.Ebade: return "ebade"u8;
            case Errno.Ebadr: return "ebadr"u8;
            case Errno.Exfull: return "exfull"u8;
            case Errno.Enoano: return "enoano"u8;
            case Errno.Ebadrqc: return "ebadrqc"u8;
            case Errno.Ebadslt: return "ebadslt"u8;
            case Errno.Ebfont: return "ebfont"u8;
            case Errno.Enostr: return "enostr"u8;
            case Errno.Enodata: return "enodata"u8;
            case Errno.Etime: return "etime"u8;
            case Errno.Enosr: return "enosr"u8;
            case Errno.Enonet: return "enonet"u8;
            case Errno.Enopkg: return "enopkg"u8;
            case Errno.Eremote: return "eremote"u8;
            case Errno.Enolink: return "enolink"u8;
            case Errno.Eadv: return "eadv"u8;
            case Errno.Esrmnt: return "esrmnt"u8;
            case Errno.Ecomm: return "ecomm"u8;
            case Errno.Eproto: return "eproto"u8;
            case Errno.Emultihop: return "emultihop"u8;
            case Errno.Edotdot: return "edotdot"u8;
            case Errno.Ebadmsg: return "ebadmsg"u8;
            case Errno.Eoverflow: return "eoverflow"u8;
            case Errno.Enotuniq: return "enotuniq"u8;
            case Errno.Ebadfd: return "ebadfd"u8;
            case Errno.Eremchg: return "eremchg"u8;
            case Errno.Elibacc: return "elibacc"u8;
            case Errno.Elibbad: return "elibbad"u8;
            case Errno.Elibscn: return "elibscn"u8;
            case Errno.Elibmax: return "elibmax"u8;
            case Errno.Elibexec: return "elibexec"u8;
            case Errno.Eilseq: return "eilseq"u8;
            case Errno.Eusers: return "eusers"u8;
            case Errno.Enotsock: return "enotsock"u8;
            case Errno.Edestaddrreq: return "edestaddrreq"u8;
            case Errno.Emsgsize: return "emsgsize"u8;
            case Errno.Eprototype: return "eprototype"u8;
            case Errno.Enoprotoopt: return "enoprotoopt"u8;
            case Errno.Eprotonosupport: return "eprotonosupport"u8;
            case Errno.Esocktnosupport: return "esocktnosupport"u8;
            case Errno.Enotsup: return "enotsup"u8;
            case Errno.Epfnosupport: return "epfnosupport"u8;
            case Errno.Eafnosupport: return "eafnosupport"u8;
            case Errno.Eaddrinuse: return "eaddrinuse"u8;
            case Errno.Eaddrnotavail: return "eaddrnotavail"u8;
            case Errno.Enetdown: return "enetdown"u8;
            case Errno.Enetunreach: return "enetunreach"u8;
            case Errno.Enetreset: return "enetreset"u8;
            case Errno.Econnaborted: return "econnaborted"u8;
            case Errno.Econnreset: return "econnreset"u8;
            case Errno.Enobufs: return "enobufs"u8;
            case Errno.Eisconn: return "eisconn"u8;
            case Errno.Enotconn: return "enotconn"u8;
            case Errno.Eshutdown: return "eshutdown"u8;
            case Errno.Etoomanyrefs: return "etoomanyrefs"u8;
            case Errno.Etimedout: return "etimedout"u8;
            case Errno.Econnrefused: return "econnrefused"u8;
            case Errno.Ehostdown: return "ehostdown"u8;
            case Errno.Ehostunreach: return "ehostunreach"u8;
            case Errno.Ealready: return "ealready"u8;
            case Errno.Einprogress: return "einprogress"u8;
            case Errno.Estale: return "estale"u8;
            case Errno.Euclean: return "euclean"u8;
            case Errno.Enotnam: return "enotnam"u8;
            case Errno.Enavail: return "enavail"u8;
            case Errno.Eremoteio: return "eremoteio"u8;
            case Errno.Edquot: return "edquot"u8;
            default: return "unknown"u8;
        }
    }
}
