// Natives of os: the environment and the process id. The environment is the VM's own copy, as in OTP: programs started later get it, C code does not.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The variables of one VM, read from the operating system when first asked for. Embedded in Machine. All calls but Free are made with Lock held.</summary>
public unsafe struct VmEnvironment
{
    // One block: variables as NAME=value, each with a zero at its end.
    private byte* data;
    private nuint count, capacity;
    private bool read;
    public OsMutex Lock;

    /// <summary>Frees it.</summary>
    public void Free()
    {
        Allocator.Free(data, capacity, Owner.Vm);
        this = default;
    }

    private bool Ensure()
    {
        if (read) return true;
        nuint size = 16384;
        while (true)
        {
            byte* block = (byte*)Allocator.Alloc(size, Owner.Vm);
            if (block == null) return false;
            nuint length;
            Errno error = OsProcess.ReadEnvironment(block, size, out length);
            if (error == Errno.None && length <= size)
            {
                data = block;
                capacity = size;
                // Each variable ends with a zero, the last too.
                count = length;
                if (count > 0 && data[count - 1] != 0 && count < capacity) data[count++] = 0;
                read = true;
                return true;
            }
            Allocator.Free(block, size, Owner.Vm);
            // Without an environment to read there are no variables, but some may be set.
            if (error != Errno.Erange && error != Errno.None) return read = true;
            size *= 2;
        }
    }

    /// <summary>Steps through the variables: start with 0; null at the end. NAME=value, zero-terminated.</summary>
    public byte* Next(ref nuint at)
    {
        if (!Ensure() || at >= count) return null;
        byte* variable = data + at;
        while (at < count && data[at] != 0) at++;
        at++;
        return variable;
    }

    /// <summary>The value of a variable, zero-terminated, or null.</summary>
    public byte* Get(ReadOnlySpan<byte> name)
    {
        nuint at = 0;
        for (byte* variable = Next(ref at); variable != null; variable = Next(ref at))
        {
            int n = 0;
            while (n < name.Length && variable[n] != 0 && variable[n] == name[n]) n++;
            if (n == name.Length && variable[n] == '=') return variable + n + 1;
        }
        return null;
    }

    /// <summary>Removes a variable.</summary>
    public void Unset(ReadOnlySpan<byte> name)
    {
        byte* value = Get(name);
        if (value == null) return;
        byte* from = value - name.Length - 1;
        byte* after = value;
        while (*after != 0) after++;
        after++;
        nuint rest = (nuint)(data + count - after);
        for (nuint i = 0; i < rest; i++) from[i] = after[i];
        count -= (nuint)(after - from);
    }

    /// <summary>Sets a variable. False: memory is out.</summary>
    public bool Set(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Unset(name);
        if (!Ensure()) return false;
        nuint more = (nuint)(name.Length + value.Length + 2);
        if (capacity - count < more)
        {
            nuint size = (capacity * 2) + more;
            byte* fresh = (byte*)Allocator.Realloc(data, capacity, size, Owner.Vm);
            if (fresh == null) return false;
            data = fresh;
            capacity = size;
        }
        name.CopyTo(new Span<byte>(data + count, name.Length));
        count += (nuint)name.Length;
        data[count++] = (byte)'=';
        value.CopyTo(new Span<byte>(data + count, value.Length));
        count += (nuint)value.Length;
        data[count++] = 0;
        return true;
    }
}

public static unsafe class OsBifs
{
    /// <summary>The value of a variable as characters, or false.</summary>
    [Bif("os:getenv/1")]
    public static Term GetEnv(Process* p, Term* a)
    {
        TextBuffer name = default;
        Term result;
        if (!Name(a[0], ref name)) result = Process.Badarg(p);
        else
        {
            p->Machine->Environment.Lock.Lock();
            byte* value = p->Machine->Environment.Get(name.Text);
            result = value == null ? Am.False : CharacterLists.OfZeroTerminated(p, value);
            p->Machine->Environment.Lock.Unlock();
        }
        name.Free();
        return result;
    }

    /// <summary>All variables: [{Name, Value}].</summary>
    [Bif("os:env/0")]
    public static Term Env(Process* p, Term* a)
    {
        Term list = Term.Nil;
        nuint at = 0;
        p->Machine->Environment.Lock.Lock();
        for (byte* variable = p->Machine->Environment.Next(ref at); variable != null; variable = p->Machine->Environment.Next(ref at))
        {
            int n = 0;
            while (variable[n] != 0 && (n == 0 || variable[n] != '=')) n++;
            if (variable[n] == 0) continue;
            Term name = CharacterLists.Of(p, new ReadOnlySpan<byte>(variable, n));
            list = Process.Cons(p, Process.Tuple(p, name, CharacterLists.OfZeroTerminated(p, variable + n + 1)), list);
        }
        p->Machine->Environment.Lock.Unlock();
        return list;
    }

    [Bif("os:putenv/2")]
    public static Term PutEnv(Process* p, Term* a)
    {
        TextBuffer name = default, value = default;
        bool valid = Name(a[0], ref name) && CharacterLists.Read(a[1], ref value) && value.Text.IndexOf((byte)0) < 0;
        p->Machine->Environment.Lock.Lock();
        Term result = !valid ? Process.Badarg(p) : p->Machine->Environment.Set(name.Text, value.Text) ? Am.True : Process.SystemLimit(p);
        p->Machine->Environment.Lock.Unlock();
        name.Free();
        value.Free();
        return result;
    }

    [Bif("os:unsetenv/1")]
    public static Term UnsetEnv(Process* p, Term* a)
    {
        TextBuffer name = default;
        bool valid = Name(a[0], ref name);
        p->Machine->Environment.Lock.Lock();
        if (valid) p->Machine->Environment.Unset(name.Text);
        p->Machine->Environment.Lock.Unlock();
        name.Free();
        return valid ? Am.True : Process.Badarg(p);
    }

    // Names have no = (but for the first character, where Windows has some) and no zero.
    private static bool Name(Term t, ref TextBuffer to)
    {
        if (!CharacterLists.Read(t, ref to)) return false;
        ReadOnlySpan<byte> name = to.Text;
        for (int i = 0; i < name.Length; i++)
            if (name[i] == 0 || (name[i] == '=' && i > 0)) return false;
        return true;
    }

    /// <summary>The operating system's number of this process, as characters.</summary>
    [Bif("os:getpid/0")]
    public static Term GetPid(Process* p, Term* a)
    {
        TextBuffer text = default;
        text.AddNumber(OsProcess.Id);
        Term list = CharacterLists.Of(p, text.Text);
        text.Free();
        return list;
    }
}
