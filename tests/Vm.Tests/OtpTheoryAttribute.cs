// Theories that need something which scripts/otp or scripts/build makes. Without it they are skipped, and say so.

namespace MyBeam.Vm.Tests;

/// <summary>A theory over files of the reference OTPs.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OtpTheoryAttribute : TheoryAttribute
{
    public OtpTheoryAttribute(params string[] releases)
    {
        string[] missing = [.. releases.Where(r => !Directory.Exists(Path.Combine(TestSupport.Root, ".otp", r, "lib")))];
        if (missing.Length > 0) Skip = "OTP is not at hand: scripts/otp " + string.Join(' ', missing);
    }
}

/// <summary>A theory whose programs call OTP's own modules.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LibraryTheoryAttribute : TheoryAttribute
{
    public LibraryTheoryAttribute()
    {
        if (!OtpLibrary.IsThere) Skip = "neither the archive (scripts/build) nor .otp/29 (scripts/otp 29) is there";
    }
}
