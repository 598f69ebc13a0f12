using Xunit;

namespace MyBeam.Platform.Tests;

public unsafe class OsMemoryTests
{
    [Fact]
    public void MappedPagesAreZeroAndWritable()
    {
        nuint bytes = 4 * OsMemory.PageSize;
        byte* p = (byte*)OsMemory.Map(bytes);
        Assert.True(p != null);
        Assert.True(new ReadOnlySpan<byte>(p, (int)bytes).IndexOfAnyExcept((byte)0) < 0);
        p[bytes - 1] = 7;
        Assert.Equal(7, p[bytes - 1]);
        Assert.True(OsMemory.Unmap(p, bytes));
    }

    [Fact]
    public void AReservationIsUsableWhereItIsCommitted()
    {
        // More than any machine has: a reservation is addresses only.
        nuint reserved = (nuint)1 << 40;
        byte* p = (byte*)OsMemory.Reserve(reserved);
        Assert.True(p != null);
        nuint page = OsMemory.PageSize;
        Assert.True(OsMemory.Commit(p + page, 2 * page));
        p[page] = 1;
        p[(3 * page) - 1] = 2;
        Assert.Equal(3, p[page] + p[(3 * page) - 1]);
        Assert.True(OsMemory.Decommit(p + page, 2 * page));
        Assert.True(OsMemory.Commit(p + page, 2 * page));
        Assert.Equal(0, p[page]);
        Assert.True(OsMemory.Unmap(p, reserved));
    }

    [Fact]
    public void DiscardedPagesReadAsZero()
    {
        nuint bytes = OsMemory.PageSize;
        byte* p = (byte*)OsMemory.Map(bytes);
        p[0] = 9;
        Assert.True(OsMemory.Discard(p, bytes));
        Assert.Equal(0, p[0]);
        p[0] = 1;
        Assert.True(OsMemory.Protect(p, bytes, PageAccess.Read));
        Assert.Equal(1, p[0]);
        Assert.True(OsMemory.Unmap(p, bytes));
    }

    [Fact]
    public void SizesAreRoundedUpToPages()
    {
        nuint page = OsMemory.PageSize;
        Assert.Equal((nuint)Environment.SystemPageSize, page);
        Assert.Equal((nuint)0, OsMemory.RoundUpToPages(0));
        Assert.Equal(page, OsMemory.RoundUpToPages(1));
        Assert.Equal(page, OsMemory.RoundUpToPages(page));
        Assert.Equal(2 * page, OsMemory.RoundUpToPages(page + 1));
        Assert.True(OsMemory.PhysicalBytes > 1 << 26);
    }

    [Fact]
    public void AnImpossibleSizeGivesNull() => Assert.True(OsMemory.Map((nuint)1 << 60) == null);
}
