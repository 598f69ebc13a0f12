// Matches that can be stopped: build/regex.c does it. The hosted build and tests are without: there a match takes as long as it takes.
#if FREESTANDING
using System.Runtime.InteropServices;
#endif

namespace MyBeam.Platform;

public static unsafe partial class Regex
{
#if FREESTANDING
    /// <summary>
    /// As <see cref="Match"/>, but it ends (<see cref="RegexError.Stopped"/>) after a few milliseconds when <paramref name="stop"/> is null, else when that is asked to.
    /// </summary>
    /// <param name="code">The pattern.</param>
    /// <param name="subject">Where to search; must stay until the offsets are read.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="start">Where to begin; lookbehinds see what is before.</param>
    /// <param name="options">Options.</param>
    /// <param name="data">Takes the result; made by <see cref="CreateStoppable"/>.</param>
    /// <param name="settings">Or null for the defaults.</param>
    /// <param name="stop">Made by <see cref="MakeStop"/> on this thread, or null.</param>
    public static int MatchBriefly(
        RegexCode* code, byte* subject, nuint length, nuint start, RegexMatchOptions options, RegexMatchData* data, RegexMatchSettings* settings,
        RegexStop* stop) => mybeam_match(code, subject, length, start, (uint)options, data, settings, stop);

    /// <summary>Room for the result of <see cref="MatchBriefly"/>: one at a time on a thread, freed by <see cref="FreeStoppable"/>.</summary>
    public static RegexMatchData* CreateStoppable(RegexCode* code)
    {
        RegexMemory* memory = mybeam_match_memory();
        return memory == null ? null : pcre2_match_data_create_from_pattern_8(code, memory);
    }

    /// <summary>Frees the one that this thread has.</summary>
    public static void FreeStoppable(RegexMatchData* data)
    {
        _ = data;
        mybeam_match_end();
    }

    /// <summary>Makes a stop for a match on this thread.</summary>
    public static void MakeStop(RegexStop* stop) => mybeam_match_here(stop);

    /// <summary>Asks a match for its end, from any thread; the stop must stay until this returns.</summary>
    public static void Stop(RegexStop* stop) => mybeam_match_stop(stop);

    [DllImport("mybeam"), SuppressGCTransition]
    private static extern int mybeam_match(
        RegexCode* code, byte* subject, nuint length, nuint start, uint options, RegexMatchData* data, RegexMatchSettings* settings, RegexStop* stop);

    [DllImport("mybeam"), SuppressGCTransition]
    private static extern RegexMemory* mybeam_match_memory();

    [DllImport("mybeam"), SuppressGCTransition]
    private static extern void mybeam_match_end();

    [DllImport("mybeam"), SuppressGCTransition]
    private static extern void mybeam_match_here(RegexStop* stop);

    [DllImport("mybeam"), SuppressGCTransition]
    private static extern void mybeam_match_stop(RegexStop* stop);
#else
    /// <summary>As <see cref="Match"/>.</summary>
    /// <param name="code">The pattern.</param>
    /// <param name="subject">Where to search; must stay until the offsets are read.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="start">Where to begin; lookbehinds see what is before.</param>
    /// <param name="options">Options.</param>
    /// <param name="data">Takes the result.</param>
    /// <param name="settings">Or null for the defaults.</param>
    /// <param name="stop">Not looked at.</param>
    public static int MatchBriefly(
        RegexCode* code, byte* subject, nuint length, nuint start, RegexMatchOptions options, RegexMatchData* data, RegexMatchSettings* settings,
        RegexStop* stop)
    {
        _ = stop;
        return Match(code, subject, length, start, options, data, settings);
    }

    /// <summary>Room for the result of <see cref="MatchBriefly"/>.</summary>
    public static RegexMatchData* CreateStoppable(RegexCode* code) => CreateMatchData(code, null);

    /// <summary>Frees it.</summary>
    public static void FreeStoppable(RegexMatchData* data) => FreeMatchData(data);

    /// <summary>Makes a stop that does nothing.</summary>
    public static void MakeStop(RegexStop* stop) => *stop = default;

    /// <summary>Does nothing.</summary>
    public static void Stop(RegexStop* stop) => _ = stop;
#endif
}
