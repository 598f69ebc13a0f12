// What stands in for application_controller and logger in bare mode: the environment of applications is the table ac_tab, as it is with them, and log events go
// to the standard error one after another.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Application environment and log events without the processes of kernel.</summary>
public static unsafe class BareModeSystem
{
    /// <summary>Makes ac_tab, empty, owned by the group leader. Without memory for it the library reports its own error when it is used.</summary>
    public static void Start(Machine* m)
    {
        Term name = AtomTable.Intern("ac_tab"u8);
        if (!EtsNames.Create(&m->Ets.Names)) return;
        EtsTable* t = EtsTable.Create(m, EtsType.Set, false);
        if (t == null) return;
        t->Name = name;
        t->Owner = m->Io.Pid;
        t->KeyPosition = 1;
        t->Protection = EtsProtection.Public;
        t->Named = true;
        EtsNames.EnterWrite(&m->Ets.Names, name, Term.None);
        if (EtsTables.Add(t)) _ = EtsNames.Set(&m->Ets.Names, name, t);
        EtsNames.ExitWrite(&m->Ets.Names, name, Term.None);
    }

    /// <summary>
    /// As in the library, a call of the supervisor; but when the module timer asks kernel_sup, which bare mode does not have, to start its server, the server is
    /// started without a supervisor.
    /// </summary>
    [Bif("supervisor:start_child/2", BifKind.Traps)]
    public static Term StartChild(Process* p, Term* a)
    {
        Term server = AtomTable.Intern("timer_server"u8);
        bool timer = a[0] == Am.KernelSup && Registry.WhereIs(p->Machine, a[0]).IsNone && a[1].IsMap && Maps.Get(a[1], Am.Id, out Term id) && id == server;
        Term name = AtomTable.Intern("gen_server"u8);
        p->TrapTo = timer ? ExportTable.Put(p->Machine, name, Am.Start, 4) : ExportTable.Put(p->Machine, name, Am.Call, 3);
        p->TrapArity = timer ? 4 : 3;
        p->TrapArgs[0] = timer ? Process.Tuple(p, Am.Local, server).Bits : a[0].Bits;
        p->TrapArgs[1] = timer ? AtomTable.Intern("timer"u8).Bits : Process.Tuple(p, AtomTable.Intern("start_child"u8), a[1]).Bits;
        p->TrapArgs[2] = timer ? Term.Nil.Bits : Am.Infinity.Bits;
        p->TrapArgs[3] = Term.Nil.Bits;
        p->Fail = FailKind.Trap;
        return Term.None;
    }

    /// <summary>application:set_env/3,4: ok.</summary>
    [Bif("application_controller:set_env/3")]
    [Bif("application_controller:set_env/4")]
    public static Term SetEnvironment(Process* p, Term* a)
    {
        Term* insert = stackalloc Term[] { AtomTable.Intern("ac_tab"u8), Process.Tuple(p, Process.Tuple(p, Am.Env, a[0], a[1]), a[2]) };
        return EtsObjectBifs.Insert(p, insert).IsNone ? Term.None : Am.Ok;
    }

    /// <summary>application:unset_env/2,3: ok.</summary>
    [Bif("application_controller:unset_env/2")]
    [Bif("application_controller:unset_env/3")]
    public static Term UnsetEnvironment(Process* p, Term* a)
    {
        Term* delete = stackalloc Term[] { AtomTable.Intern("ac_tab"u8), Process.Tuple(p, Am.Env, a[0], a[1]) };
        return EtsObjectBifs.Delete(p, delete).IsNone ? Term.None : Am.Ok;
    }

    private const int Notice = 5, NoLevel = -2;

    private static Term LevelName(int level) => level switch
    {
        0 => Am.Emergency, 1 => Am.Alert, 2 => Am.Critical, 3 => Am.Error, 4 => Am.Warning, 5 => Am.Notice, 6 => Am.Info, 7 => Am.Debug, 10 => Am.All, _ => Am.None,
    };

    private static int LevelOf(Term name)
    {
        for (int i = 0; i < 8; i++)
            if (LevelName(i) == name) return i;
        return name == Am.All ? 10 : name == Am.None ? -1 : NoLevel;
    }

    /// <summary>Whether events of a level are logged: by the primary level, the same for all modules.</summary>
    [Bif("logger_config:allow/1")]
    [Bif("logger_config:allow/2")]
    public static Term Allow(Process* p, Term* a)
    {
        int level = LevelOf(a[0]);
        return level is < 0 or > 7 ? Process.Error(p, Am.FunctionClause) : Term.Bool(level <= p->Machine->Flags.LogLevel + Notice);
    }

    /// <summary>logger:set_primary_config(level, Level): ok. Nothing else can be set.</summary>
    [Bif("logger_server:set_config/3")]
    public static Term SetLogger(Process* p, Term* a)
    {
        int level = LevelOf(a[2]);
        if (a[0] != Am.Primary || a[1] != Am.Level || level == NoLevel) return Process.Tuple(p, Am.Error, Process.Tuple(p, AtomTable.Intern("not_in_bare_mode"u8), a[1]));
        p->Machine->Flags.LogLevel = level - Notice;
        return Am.Ok;
    }

    /// <summary>error_logger:tty/1: shows log events or not.</summary>
    [Bif("error_logger:tty/1")]
    public static Term Tty(Process* p, Term* a)
    {
        if (!a[0].IsBoolean) return Process.Error(p, Am.FunctionClause);
        p->Machine->Flags.LogQuiet = a[0] == Am.False ? 1 : 0;
        return Am.Ok;
    }

    /// <summary>The configuration of logger: {ok, Map} for primary, {error, {not_found, Id}} for handlers.</summary>
    [Bif("logger_config:get/2")]
    public static Term LoggerConfig(Process* p, Term* a)
    {
        if (a[1] != Am.Primary) return Process.Tuple(p, Am.Error, Process.Tuple(p, Am.NotFound, a[1]));
        Heap* h = &p->Heap;
        Term map = Maps.Put(h, Maps.Empty(h), Am.Level, LevelName(p->Machine->Flags.LogLevel + Notice));
        map = Maps.Put(h, map, Am.Filters, Term.Nil);
        map = Maps.Put(h, map, Am.Handlers, Term.Nil);
        map = Maps.Put(h, map, Am.Metadata, Maps.Empty(h));
        map = Maps.Put(h, map, AtomTable.Intern("filter_default"u8), Am.Log);
        return Process.Tuple(p, Am.Ok, map);
    }

    /// <summary>A log event that its level lets through: logger_formatter makes the text, as OTP's default handler has it, and it goes to the standard error.</summary>
    [Bif("logger_backend:log_allowed/3")]
    public static Term Log(Process* p, Term* a)
    {
        if (p->Machine->Flags.LogQuiet != 0) return Am.Ok;
        Heap* h = &p->Heap;
        Term config = Maps.Put(h, Maps.Empty(h), AtomTable.Intern("legacy_header"u8), Am.True);
        config = Maps.Put(h, config, AtomTable.Intern("single_line"u8), Am.False);
        Term arguments = Process.Cons(p, a[0], Process.Cons(p, config, Term.Nil));
        Term request = Process.NewTuple(p, 5);
        Term* e = request.TupleElements;
        e[0] = Am.PutChars;
        e[1] = Am.Unicode;
        e[2] = AtomTable.Intern("logger_formatter"u8);
        e[3] = Am.Format;
        e[4] = arguments;
        Term message = Process.NewTuple(p, 4);
        e = message.TupleElements;
        e[0] = Am.IoRequest;
        // Nobody waits for the answer.
        e[1] = p->Machine->Io.Pid;
        e[2] = Am.Ok;
        e[3] = request;
        IoServer.Take(p, IoServer.Named(p->Machine, Am.StandardError), message);
        return Am.Ok;
    }
}
