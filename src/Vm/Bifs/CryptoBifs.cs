// Natives of crypto: random bytes, digests (MD5, SHA-1, SHA-2) and HMAC. Ciphers and keys are not there: they raise notsup.
namespace MyBeam.Vm;

using System;
using System.Runtime.CompilerServices;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>A running digest or HMAC behind a reference.</summary>
public unsafe struct DigestResource
{
    public NativeResource Head;
    /// <summary>The digest; of an HMAC the inner one.</summary>
    public CryptoDigest State;
    /// <summary>The outer digest of an HMAC, with its key added.</summary>
    public CryptoDigest Outer;
    /// <summary>1: the HMAC has been given out.</summary>
    public int Done;
    /// <summary>An HMAC is changed in place, by any process that has the reference.</summary>
    public OsMutex Lock;
}

/// <summary>A running digest of any kind.</summary>
public unsafe struct CryptoDigest
{
    private Md5State md5;
    private ShaState sha;
    private int isMd5;

    /// <summary>Starts. False: no digest of this name is here.</summary>
    public bool Init(Term type)
    {
        isMd5 = type == Am.Md5 ? 1 : 0;
        if (isMd5 != 0)
        {
            md5.Init();
            return true;
        }
        if (type == Am.Sha) sha.Init(ShaKind.Sha1);
        else if (type == Am.Sha224) sha.Init(ShaKind.Sha224);
        else if (type == Am.Sha256) sha.Init(ShaKind.Sha256);
        else if (type == Am.Sha384) sha.Init(ShaKind.Sha384);
        else if (type == Am.Sha512) sha.Init(ShaKind.Sha512);
        else if (type == Am.Sha512224) sha.Init(ShaKind.Sha512224);
        else if (type == Am.Sha512256) sha.Init(ShaKind.Sha512256);
        else return false;
        return true;
    }

    /// <summary>Bytes of the digest.</summary>
    public readonly int Size => isMd5 != 0 ? Md5State.DigestSize : sha.DigestSize;

    /// <summary>Bytes of a block.</summary>
    public readonly int BlockSize => isMd5 != 0 ? 64 : sha.BlockSize;

    /// <summary>Adds bytes.</summary>
    public void Update(byte* data, long bytes)
    {
        if (isMd5 != 0) md5.Update(data, (nuint)bytes);
        else sha.Update(data, (nuint)bytes);
    }

    /// <summary>Ends, and writes Size bytes.</summary>
    public void Final(byte* digest)
    {
        if (isMd5 != 0) md5.Final(digest);
        else sha.Final(digest);
    }
}

/// <summary>Natives of crypto.</summary>
public static unsafe class CryptoBifs
{
    // Bytes that cost one reduction.
    private const long BytesPerReduction = 64;

    private const int MaxBlock = 128, Scratch = 256;

    // What crypto makes {Reason, {File, Line}, Text} of; file and line are those of OTP's library.
    private static Term Fail(Process* p, Term reason, ReadOnlySpan<byte> file, int line, int argument, ReadOnlySpan<byte> text)
    {
        Heap* h = &p->Heap;
        Term map = Maps.Put(h, Maps.Empty(h), Am.CFileName, CharacterLists.Of(p, file));
        map = Maps.Put(h, map, Am.CFileLineNum, Term.Small(line));
        map = Maps.Put(h, map, Am.CFunctionArgNum, Term.Small(argument));
        return Process.Error(p, Process.Tuple(p, reason, map, CharacterLists.Of(p, text)));
    }

    // -- what there is --

    [Bif("crypto:hash_algorithms/0")]
    public static Term HashAlgorithms(Process* p, Term* a)
    {
        Term* names = stackalloc Term[] { Am.Md5, Am.Sha, Am.Sha224, Am.Sha256, Am.Sha384, Am.Sha512, Am.Sha512224, Am.Sha512256 };
        Term list = Term.Nil;
        for (int i = 0; i < 8 && !list.IsNone; i++) list = Process.Cons(p, names[i], list);
        return list;
    }

    [Bif("crypto:mac_algorithms/0")]
    public static Term MacAlgorithms(Process* p, Term* a) => Process.Cons(p, Am.Hmac, Term.Nil);

    [Bif("crypto:pubkey_algorithms/0")]
    [Bif("crypto:cipher_algorithms/0")]
    [Bif("crypto:curve_algorithms/0")]
    [Bif("crypto:rsa_opts_algorithms/0")]
    [Bif("crypto:kem_algorithms_nif/0")]
    public static Term None(Process* p, Term* a) => Term.Nil;

    [Bif("crypto:info_fips/0")]
    public static Term InfoFips(Process* p, Term* a) => Am.NotSupported;

    /// <summary>[{Name, Version, Text}] of the library behind crypto.</summary>
    [Bif("crypto:info_lib/0")]
    public static Term InfoLib(Process* p, Term* a)
    {
        Term name = Binaries.FromBytes(p, "MyBeam"u8);
        return name.IsNone ? name : Process.Cons(p, Process.Tuple(p, name, Term.Small(0), name), Term.Nil);
    }

    [Bif("crypto:ng_crypto_init_nif/4")]
    [Bif("crypto:ng_crypto_one_time_nif/5")]
    [Bif("crypto:aead_cipher_nif/7")]
    [Bif("crypto:aead_cipher_init_nif/4")]
    [Bif("crypto:pkey_sign_nif/5")]
    [Bif("crypto:pkey_sign_heavy_nif/5")]
    [Bif("crypto:pkey_verify_nif/6")]
    [Bif("crypto:pkey_crypt_nif/6")]
    [Bif("crypto:rsa_generate_key_nif/2")]
    [Bif("crypto:dh_generate_key_nif/4")]
    [Bif("crypto:dh_compute_key_nif/3")]
    [Bif("crypto:evp_generate_key_nif/2")]
    [Bif("crypto:evp_compute_key_nif/3")]
    [Bif("crypto:ec_generate_key_nif/2")]
    [Bif("crypto:ecdh_compute_key_nif/3")]
    [Bif("crypto:cipher_info_nif/1")]
    [Bif("crypto:pbkdf2_hmac_nif/5")]
    [Bif("crypto:info_nif/0")]
    public static Term NotThere(Process* p, Term* a) => Fail(p, Am.Notsup, "mybeam"u8, 0, -1, "MyBeam's crypto has random bytes, digests and HMAC only"u8);

    // -- random bytes --

    [Bif("crypto:strong_rand_bytes_nif/1")]
    public static Term StrongRandBytes(Process* p, Term* a)
    {
        if (!a[0].IsSmall || a[0].SmallValue < 0 || a[0].SmallValue > int.MaxValue) return Process.Badarg(p);
        Term binary = Binaries.New(p, a[0].SmallValue, out byte* data);
        if (binary.IsNone) return binary;
        Process.Bump(p, a[0].SmallValue / BytesPerReduction);
        return OsRandom.Fill(data, (nuint)a[0].SmallValue) == Errno.None ? binary : Am.False;
    }

    /// <summary>A number below the given one, both as bytes, the highest first. false: there are no random bytes.</summary>
    [Bif("crypto:strong_rand_range_nif/1")]
    public static Term StrongRandRange(Process* p, Term* a)
    {
        if (!Binaries.Aligned(a[0], out byte* limit, out long bytes, out byte* copy)) return Process.Badarg(p);
        long first = 0;
        while (first < bytes && limit[first] == 0) first++;
        byte* data = null;
        Term binary = first == bytes ? Process.Badarg(p) : Binaries.New(p, bytes - first, out data);
        if (!binary.IsNone) binary = Below(binary, data, limit + first, bytes - first);
        if (copy != null) Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        return binary;
    }

    // Takes as many bits as the limit has until the number is less: half of the attempts do at least.
    private static Term Below(Term binary, byte* data, byte* limit, long bytes)
    {
        int mask = (1 << (32 - System.Numerics.BitOperations.LeadingZeroCount((uint)limit[0]))) - 1;
        for (; ; )
        {
            if (OsRandom.Fill(data, (nuint)bytes) != Errno.None) return Am.False;
            data[0] &= (byte)mask;
            for (long i = 0; i < bytes; i++)
            {
                if (data[i] < limit[i]) return binary;
                if (data[i] > limit[i]) break;
            }
        }
    }

    /// <summary>The system's generator needs no seed.</summary>
    [Bif("crypto:rand_seed_nif/1")]
    public static Term RandSeed(Process* p, Term* a) => a[0].IsBitstring ? Am.Ok : Process.Badarg(p);

    // -- digests --

    private static bool Add(Process* p, ref CryptoDigest d, Term iodata)
    {
        byte* scratch = stackalloc byte[Scratch];
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        if (!iodata.IsList && !iodata.IsBitstring) return false;
        IoData walk = new(iodata, inline);
        long all = 0;
        while (walk.Next(scratch, Scratch, out byte* data, out ulong bits))
        {
            d.Update(data, (long)(bits >> 3));
            all += (long)(bits >> 3);
        }
        bool good = !walk.Failed;
        walk.Free();
        Process.Bump(p, all / BytesPerReduction);
        return good;
    }

    private static Term Digest(Process* p, ref CryptoDigest d)
    {
        byte* digest = stackalloc byte[ShaState.MaxDigest];
        int size = d.Size;
        d.Final(digest);
        return Binaries.FromBytes(p, digest, size);
    }

    /// <summary>The size of a digest and of its blocks, and its number in OpenSSL.</summary>
    [Bif("crypto:hash_info_nif/1")]
    public static Term HashInfo(Process* p, Term* a)
    {
        CryptoDigest d = default;
        if (!d.Init(a[0])) return Process.Badarg(p);
        int type = a[0] == Am.Md5 ? 4 : a[0] == Am.Sha ? 64 : a[0] == Am.Sha224 ? 675 : a[0] == Am.Sha256 ? 672 : a[0] == Am.Sha384 ? 673 : a[0] == Am.Sha512 ? 674
            : a[0] == Am.Sha512224 ? 1094 : 1095;
        Heap* h = &p->Heap;
        Term map = Maps.Put(h, Maps.Empty(h), Am.Type, Term.Small(type));
        map = Maps.Put(h, map, Am.Size, Term.Small(d.Size));
        return Maps.Put(h, map, Am.BlockSize, Term.Small(d.BlockSize));
    }

    [Bif("crypto:hash_nif/2")]
    public static Term Hash(Process* p, Term* a)
    {
        CryptoDigest d = default;
        if (!d.Init(a[0])) return Fail(p, Am.Badarg, "hash.c"u8, 111, 0, "Bad digest type"u8);
        return Add(p, ref d, a[1]) ? Digest(p, ref d) : Fail(p, Am.Badarg, "hash.c"u8, 118, 1, "Not iolist"u8);
    }

    private static DigestResource* New(ulong kind)
    {
        DigestResource* r = (DigestResource*)Allocator.AllocZeroed((nuint)sizeof(DigestResource), Owner.Resource);
        if (r == null) return null;
        r->Head.RefCount = 1;
        r->Head.Kind = kind;
        r->Head.Destroy = &Destroy;
        return r;
    }

    private static void Destroy(NativeResource* r) => Allocator.Free(r, (nuint)sizeof(DigestResource), Owner.Resource);

    [Bif("crypto:hash_init_nif/1")]
    public static Term HashInit(Process* p, Term* a)
    {
        CryptoDigest d = default;
        if (!d.Init(a[0])) return Fail(p, Am.Badarg, "hash.c"u8, 175, 0, "Bad digest type"u8);
        return Keep(p, ref d);
    }

    private static Term Keep(Process* p, ref CryptoDigest d)
    {
        DigestResource* r = New(ResourceKind.Digest);
        if (r == null) return Process.SystemLimit(p);
        r->State = d;
        return MagicRefs.Make(p, &r->Head);
    }

    /// <summary>Another state with the data added; the old one stays as it was.</summary>
    [Bif("crypto:hash_update_nif/2")]
    public static Term HashUpdate(Process* p, Term* a)
    {
        DigestResource* r = (DigestResource*)MagicRefs.Open(a[0], ResourceKind.Digest);
        if (r == null) return Fail(p, Am.Badarg, "hash.c"u8, 219, 0, "Bad state"u8);
        CryptoDigest d = r->State;
        return Add(p, ref d, a[1]) ? Keep(p, ref d) : Fail(p, Am.Badarg, "hash.c"u8, 221, 1, "Not iolist"u8);
    }

    [Bif("crypto:hash_final_nif/1")]
    public static Term HashFinal(Process* p, Term* a)
    {
        DigestResource* r = (DigestResource*)MagicRefs.Open(a[0], ResourceKind.Digest);
        if (r == null) return Fail(p, Am.Badarg, "hash.c"u8, 253, 0, "Bad state"u8);
        CryptoDigest d = r->State;
        return Digest(p, ref d);
    }

    // -- HMAC (RFC 2104) --

    // Checks what kind of code it is and starts both digests with the key. None: a failure is recorded.
    private static Term Begin(Process* p, Term* a, CryptoDigest* inner, CryptoDigest* outer, bool whole)
    {
        if (a[0] != Am.Hmac)
        {
            return a[0] == Am.Cmac || a[0] == Am.Poly1305 ? Fail(p, Am.Notsup, "mac.c"u8, whole ? 258 : 610, 0, "Unsupported mac algorithm"u8)
                : Fail(p, Am.Badarg, "mac.c"u8, whole ? 251 : 603, 0, "Unknown mac algorithm"u8);
        }
        if (!inner->Init(a[1])) return Fail(p, Am.Badarg, "mac.c"u8, whole ? 281 : 633, 1, "Bad digest algorithm for HMAC"u8);
        if (!Binaries.Aligned(a[2], out byte* key, out long bytes, out byte* copy)) return Fail(p, Am.Badarg, "mac.c"u8, whole ? 191 : 590, 2, "Bad key"u8);
        byte* block = stackalloc byte[MaxBlock];
        Unsafe.InitBlock(block, 0, MaxBlock);
        int size = inner->BlockSize;
        if (bytes > size)
        {
            CryptoDigest d = *inner;
            d.Update(key, bytes);
            d.Final(block);
        }
        else Buffer.MemoryCopy(key, block, MaxBlock, bytes);
        if (copy != null) Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        *outer = *inner;
        for (int i = 0; i < size; i++) block[i] ^= 0x36;
        inner->Update(block, size);
        for (int i = 0; i < size; i++) block[i] ^= 0x36 ^ 0x5c;
        outer->Update(block, size);
        return Am.Ok;
    }

    private static Term Code(Process* p, CryptoDigest* inner, CryptoDigest* outer)
    {
        byte* digest = stackalloc byte[ShaState.MaxDigest];
        int size = inner->Size;
        inner->Final(digest);
        outer->Update(digest, size);
        outer->Final(digest);
        return Binaries.FromBytes(p, digest, size);
    }

    [Bif("crypto:mac_nif/4")]
    public static Term Mac(Process* p, Term* a)
    {
        if (!IoData.Size(a[3], false, out _, out _)) return Fail(p, Am.Badarg, "mac.c"u8, 193, 3, "Bad text"u8);
        CryptoDigest inner = default, outer = default;
        if (Begin(p, a, &inner, &outer, true).IsNone) return Term.None;
        Add(p, ref inner, a[3]);
        return Code(p, &inner, &outer);
    }

    [Bif("crypto:mac_init_nif/3")]
    public static Term MacInit(Process* p, Term* a)
    {
        CryptoDigest inner = default, outer = default;
        if (Begin(p, a, &inner, &outer, false).IsNone) return Term.None;
        DigestResource* r = New(ResourceKind.Hmac);
        if (r == null) return Process.SystemLimit(p);
        r->State = inner;
        r->Outer = outer;
        return MagicRefs.Make(p, &r->Head);
    }

    /// <summary>The same reference, whose state has changed.</summary>
    [Bif("crypto:mac_update_nif/2")]
    public static Term MacUpdate(Process* p, Term* a)
    {
        DigestResource* r = (DigestResource*)MagicRefs.Open(a[0], ResourceKind.Hmac);
        if (r == null) return Fail(p, Am.Badarg, "mac.c"u8, 830, 0, "Bad ref"u8);
        if (!IoData.Size(a[1], false, out _, out _)) return Fail(p, Am.Badarg, "mac.c"u8, 807, 1, "Bad text"u8);
        r->Lock.Lock();
        Add(p, ref r->State, a[1]);
        r->Lock.Unlock();
        return a[0];
    }

    [Bif("crypto:mac_final_nif/1")]
    public static Term MacFinal(Process* p, Term* a)
    {
        DigestResource* r = (DigestResource*)MagicRefs.Open(a[0], ResourceKind.Hmac);
        if (r == null) return Fail(p, Am.Badarg, "mac.c"u8, 860, 0, "Bad ref"u8);
        r->Lock.Lock();
        bool done = r->Done != 0;
        r->Done = 1;
        CryptoDigest inner = r->State, outer = r->Outer;
        r->Lock.Unlock();
        return done ? Fail(p, Am.Error, "mac.c"u8, 879, -1, "Signing"u8) : Code(p, &inner, &outer);
    }

    // -- bytes --

    [Bif("crypto:do_exor/2")]
    public static Term Exor(Process* p, Term* a) => Pair(p, a, true);

    /// <summary>Whether two binaries of one size are equal, in a time that depends on the size alone.</summary>
    [Bif("crypto:hash_equals_nif/2")]
    public static Term HashEquals(Process* p, Term* a) => Pair(p, a, false);

    private static Term Pair(Process* p, Term* a, bool exor)
    {
        byte* first = null, second = null, firstCopy = null, secondCopy = null;
        long bytes = 0, others = 0;
        bool good = Binaries.Aligned(a[0], out first, out bytes, out firstCopy) && Binaries.Aligned(a[1], out second, out others, out secondCopy) && bytes == others;
        Term result = Term.None;
        if (!good) Process.Badarg(p);
        else if (exor)
        {
            result = Binaries.New(p, bytes, out byte* data);
            for (long i = 0; i < bytes && !result.IsNone; i++) data[i] = (byte)(first[i] ^ second[i]);
        }
        else
        {
            int different = 0;
            for (long i = 0; i < bytes; i++) different |= first[i] ^ second[i];
            result = Term.Bool(different == 0);
        }
        if (firstCopy != null) Allocator.Free(firstCopy, (nuint)bytes, Owner.Temporary);
        if (secondCopy != null) Allocator.Free(secondCopy, (nuint)others, Owner.Temporary);
        Process.Bump(p, bytes / BytesPerReduction);
        return result;
    }
}
