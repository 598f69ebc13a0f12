// A folder of a test's own, and the paths that the surface wants: bytes with a zero at the end.
using System.Text;

namespace MyBeam.Platform.Tests;

internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("mybeam-platform-").FullName;

    public byte[] At(string name) => Bytes(System.IO.Path.Combine(Path, name));

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text + "\0");

    public void Dispose() => Directory.Delete(Path, true);
}
