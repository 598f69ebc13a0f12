// What match specifications say about keys, and programs that several threads run at once. The expected values of KeepsKey are what ets:select_replace/2 of
// OTP 29 accepts (true) or refuses with badarg.

using System.Text;
using MyBeam.Memory;

namespace MyBeam.Vm.Tests;

public sealed unsafe class MatchKeysTests : IDisposable
{
    private readonly HostedMachine vm = new();
    private readonly Process* process;

    public MatchKeysTests() => process = ProcessState.Create(vm.Machine);

    public void Dispose()
    {
        ProcessState.Free(process);
        vm.Dispose();
    }

    private Term Parse(string text)
    {
        Assert.True(TermParser.Parse(process, Encoding.UTF8.GetBytes(text), out Term term, out _, out _), text);
        return term;
    }

    [Theory]
    [InlineData("'_'", 1, MatchKey.Free)]
    [InlineData("'$1'", 1, MatchKey.Free)]
    [InlineData("{'$1',a}", 1, MatchKey.Free)]
    [InlineData("{'_',a}", 1, MatchKey.Free)]
    [InlineData("{'_',a}", 2, MatchKey.Bound)]
    [InlineData("{a,b}", 3, MatchKey.Never)]
    [InlineData("[a]", 1, MatchKey.Never)]
    [InlineData("{}", 1, MatchKey.Never)]
    [InlineData("{{a,'$1'},b}", 1, MatchKey.Partly)]
    [InlineData("{{a,[x|'_']},b}", 1, MatchKey.Partly)]
    [InlineData("{#{a=>1},b}", 1, MatchKey.Partly)]
    [InlineData("{{a,[x,\"str\",1.5]},b}", 1, MatchKey.Bound)]
    [InlineData("{'$a','_'}", 1, MatchKey.Bound)]
    public void HeadsTellTheirKey(string head, int position, MatchKey expected)
    {
        Assert.Equal(expected, MatchKeys.OfHead(Parse(head), position, out Term key));
        if (expected is MatchKey.Bound or MatchKey.Partly) Assert.False(key.IsNone);
    }

    [Theory]
    [InlineData("[{{a,'_'},[],[true]}]", MatchKey.Bound)]
    [InlineData("[{{a,'_'},[],[true]},{{a,b},[],[true]}]", MatchKey.Bound)]
    [InlineData("[{{a,'_'},[],[true]},{x,[],[true]}]", MatchKey.Bound)]
    [InlineData("[{{a,'_'},[],[true]},{{b,b},[],[true]}]", MatchKey.Free)]
    [InlineData("[{{a,'_'},[],[true]},{'_',[],[true]}]", MatchKey.Free)]
    [InlineData("[{{{a,'$1'},'_'},[],[true]}]", MatchKey.Partly)]
    [InlineData("[{x,[],[true]}]", MatchKey.Never)]
    public void ProgramsTellTheirKey(string spec, MatchKey expected)
    {
        MatchSpec* ms = MatchSpecs.Compile(process, Parse(spec), MatchSpecKind.Ets, out _);
        Assert.Equal(expected, MatchSpecs.KeyIsBound(ms, 1, out _));
        MatchSpecs.Release(ms);
    }

    [Theory]
    [InlineData("{a,1}", "{a,'$1'}", 0)]
    [InlineData("{a,1}", "{b,'$1'}", -1)]
    [InlineData("{c,1}", "{b,'$1'}", 1)]
    [InlineData("{c,1}", "{b,'$1',x}", -1)]
    [InlineData("{c,1,2,3}", "{b,'$1',x}", 1)]
    [InlineData("{a,1,5}", "{a,'_',3}", 0)]
    [InlineData("[1,2,3]", "[1,2|'$1']", 0)]
    [InlineData("[1,3,3]", "[1,2|'$1']", 1)]
    [InlineData("[1]", "[1,2|'$1']", -1)]
    [InlineData("{a,{b,c}}", "{a,{b,'$1'}}", 0)]
    [InlineData("{a,{a,c}}", "{a,{b,'$1'}}", -1)]
    [InlineData("atom", "{b,'$1'}", -1)]
    [InlineData("{1.0,x}", "{1,'$1'}", 0)]
    [InlineData("{a,#{}}", "{a,#{x=>1},9}", -1)]
    [InlineData("{a,#{},9}", "{a,#{x=>1},8}", 0)]
    public void PrefixesOfPatternsAreOrdered(string key, string pattern, int expected) =>
        Assert.Equal(expected, Math.Sign(MatchKeys.ComparePrefix(Parse(key), Parse(pattern))));

    [Theory]
    [InlineData("[{{'$1','_'},[],[{{'$1',b}}]}]", true)]
    [InlineData("[{{'$1','_'},[],['$_']}]", true)]
    [InlineData("[{{'$1','$2'},[],[{{'$2','$1'}}]}]", false)]
    [InlineData("[{{a,'_'},[],[{const,{a,'_'}}]}]", true)]
    [InlineData("[{{'$1','_'},[],[{const,{'$1','_'}}]}]", false)]
    [InlineData("[{{{'$1',x},'_'},[],[{{{{'$1',x}},c}}]}]", true)]
    [InlineData("[{{{'$1',x},'_'},[],[{{{'$1',x},c}}]}]", false)]
    [InlineData("[{{'$1','_'},[],[{{{element,1,'$_'},c}}]}]", true)]
    [InlineData("[{{'$1','_'},[],[{{{element,2,'$_'},c}}]}]", false)]
    [InlineData("[{{[a|'$1'],'_'},[],[{{[a|'$1'],c}}]}]", true)]
    [InlineData("[{{'_','_'},[],[{{'_',c}}]}]", false)]
    [InlineData("[{{#{a=>1},'_'},[],[{{#{a=>1},c}}]}]", false)]
    [InlineData("[{'$1',[],['$1']}]", false)]
    [InlineData("[{{1.0,'_'},[],[{{1,c}}]}]", false)]
    [InlineData("[{{'$1','_'},[],['$_']},{{'$1'},[],[a]}]", false)]
    [InlineData("[{{'$1','_'},[],[a,'$_']}]", false)]
    public void ReplacementsMustKeepTheirKey(string spec, bool expected) => Assert.Equal(expected, MatchSpecs.KeepsKey(Parse(spec), 1));

    [Fact]
    public void OneProgramRunsOnManyThreads()
    {
        Term spec = Parse("[{{'$1','$2'},[{'>',{'+','$2',1.5},3}],[{{'$2',{const,<<\"0123456789012345678901234567890123456789012345678901234567890123456789\">>},'$1'}}]}]");
        MatchSpec* ms = MatchSpecs.Compile(process, spec, MatchSpecKind.Ets, out _);
        Assert.True(ms != null);
        nint program = (nint)ms, machine = (nint)vm.Machine;
        int wrong = 0;
        Thread[] threads = [.. Enumerable.Range(0, 6).Select(i => new Thread(() =>
        {
            Process* p = ProcessState.Create((Machine*)machine);
            for (int n = 0; n < 3000; n++)
            {
                MatchSpecs.AddRef((MatchSpec*)program);
                Term result = MatchSpecs.Run((MatchSpec*)program, p, Process.Tuple(p, Am.Ok, Term.Small(n)));
                bool right = n > 1 ? result.IsTupleOf(3) && result.TupleElements[0] == Term.Small(n) : result.IsNone;
                if (!right) Interlocked.Increment(ref wrong);
                MatchSpecs.Release((MatchSpec*)program);
            }
            ProcessState.Free(p);
        }))];
        foreach (Thread t in threads) t.Start();
        foreach (Thread t in threads) t.Join();
        MatchSpecs.Release(ms);
        Assert.Equal(0, wrong);
    }
}
