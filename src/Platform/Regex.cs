// Regular expressions by PCRE2 (8-bit code units), which OTP's re module uses too since OTP 28. Its machine-code compiler is not used.
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

/// <summary>Options of <see cref="Regex.Compile"/>; a set of bits, the numbers are PCRE2's.</summary>
public enum RegexCompileOptions : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>PCRE2_ALLOW_EMPTY_CLASS.</summary>
    AllowEmptyClass = 0x1,

    /// <summary>PCRE2_ALT_BSUX.</summary>
    AltBackslashU = 0x2,

    /// <summary>PCRE2_AUTO_CALLOUT.</summary>
    AutoCallout = 0x4,

    /// <summary>PCRE2_CASELESS (re: caseless).</summary>
    Caseless = 0x8,

    /// <summary>PCRE2_DOLLAR_ENDONLY (dollar_endonly).</summary>
    DollarEndOnly = 0x10,

    /// <summary>PCRE2_DOTALL (dotall).</summary>
    DotAll = 0x20,

    /// <summary>PCRE2_DUPNAMES (dupnames).</summary>
    DuplicateNames = 0x40,

    /// <summary>PCRE2_EXTENDED (extended).</summary>
    Extended = 0x80,

    /// <summary>PCRE2_FIRSTLINE (firstline).</summary>
    FirstLine = 0x100,

    /// <summary>PCRE2_MATCH_UNSET_BACKREF.</summary>
    MatchUnsetBackReference = 0x200,

    /// <summary>PCRE2_MULTILINE (multiline).</summary>
    MultiLine = 0x400,

    /// <summary>PCRE2_NEVER_UCP.</summary>
    NeverUnicodeProperties = 0x800,

    /// <summary>PCRE2_NEVER_UTF (never_utf).</summary>
    NeverUtf = 0x1000,

    /// <summary>PCRE2_NO_AUTO_CAPTURE (no_auto_capture).</summary>
    NoAutoCapture = 0x2000,

    /// <summary>PCRE2_NO_AUTO_POSSESS.</summary>
    NoAutoPossess = 0x4000,

    /// <summary>PCRE2_NO_DOTSTAR_ANCHOR.</summary>
    NoDotStarAnchor = 0x8000,

    /// <summary>PCRE2_NO_START_OPTIMIZE (no_start_optimize).</summary>
    NoStartOptimize = 0x10000,

    /// <summary>PCRE2_UCP (ucp).</summary>
    UnicodeProperties = 0x20000,

    /// <summary>PCRE2_UNGREEDY (ungreedy).</summary>
    Ungreedy = 0x40000,

    /// <summary>PCRE2_UTF (unicode).</summary>
    Utf = 0x80000,

    /// <summary>PCRE2_NEVER_BACKSLASH_C.</summary>
    NeverBackslashC = 0x100000,

    /// <summary>PCRE2_ALT_CIRCUMFLEX.</summary>
    AltCircumflex = 0x200000,

    /// <summary>PCRE2_ALT_VERBNAMES.</summary>
    AltVerbNames = 0x400000,

    /// <summary>PCRE2_USE_OFFSET_LIMIT.</summary>
    UseOffsetLimit = 0x800000,

    /// <summary>PCRE2_EXTENDED_MORE.</summary>
    ExtendedMore = 0x1000000,

    /// <summary>PCRE2_LITERAL.</summary>
    Literal = 0x2000000,

    /// <summary>PCRE2_MATCH_INVALID_UTF.</summary>
    MatchInvalidUtf = 0x4000000,

    /// <summary>PCRE2_ENDANCHORED.</summary>
    EndAnchored = 0x20000000,

    /// <summary>PCRE2_NO_UTF_CHECK: the caller has made sure that the pattern is UTF-8.</summary>
    NoUtfCheck = 0x40000000,

    /// <summary>PCRE2_ANCHORED (anchored).</summary>
    Anchored = 0x80000000,
}

/// <summary>Options of <see cref="Regex.Match"/>; a set of bits, the numbers are PCRE2's.</summary>
public enum RegexMatchOptions : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>PCRE2_NOTBOL (re: notbol).</summary>
    NotBeginOfLine = 0x1,

    /// <summary>PCRE2_NOTEOL (noteol).</summary>
    NotEndOfLine = 0x2,

    /// <summary>PCRE2_NOTEMPTY (notempty).</summary>
    NotEmpty = 0x4,

    /// <summary>PCRE2_NOTEMPTY_ATSTART (notempty_atstart).</summary>
    NotEmptyAtStart = 0x8,

    /// <summary>PCRE2_PARTIAL_SOFT.</summary>
    PartialSoft = 0x10,

    /// <summary>PCRE2_PARTIAL_HARD.</summary>
    PartialHard = 0x20,

    /// <summary>PCRE2_ENDANCHORED.</summary>
    EndAnchored = 0x20000000,

    /// <summary>PCRE2_NO_UTF_CHECK: the caller has made sure that the subject is UTF-8.</summary>
    NoUtfCheck = 0x40000000,

    /// <summary>PCRE2_ANCHORED (anchored).</summary>
    Anchored = 0x80000000,
}

/// <summary>What ends a line, for <see cref="Regex.SetNewline"/>; the numbers are PCRE2's.</summary>
public enum RegexNewline : uint
{
    /// <summary>Carriage return.</summary>
    Cr = 1,

    /// <summary>Line feed (the default of OTP's re).</summary>
    Lf = 2,

    /// <summary>The two after each other.</summary>
    CrLf = 3,

    /// <summary>Any that Unicode knows.</summary>
    Any = 4,

    /// <summary>Any of the first three.</summary>
    AnyCrLf = 5,

    /// <summary>The byte 0.</summary>
    Nul = 6,
}

/// <summary>Results of <see cref="Regex.Match"/> below 1 that a caller tells apart; the numbers are PCRE2's.</summary>
public enum RegexError
{
    /// <summary>No match: not an error.</summary>
    NoMatch = -1,

    /// <summary>A partial match was asked for and found.</summary>
    Partial = -2,

    /// <summary>The first of the codes (down to -23) that say what is wrong in a subject's UTF-8.</summary>
    FirstUtf8 = -3,

    /// <summary>The last of them.</summary>
    LastUtf8 = -23,

    /// <summary>The start offset is behind the subject's end.</summary>
    BadOffset = -33,

    /// <summary>An option that is not one for matching.</summary>
    BadOption = -34,

    /// <summary>The start offset is inside a character.</summary>
    BadUtfOffset = -36,

    /// <summary>The limit set by SetMatchLimit was reached (re: match_limit).</summary>
    MatchLimit = -47,

    /// <summary>No memory.</summary>
    NoMemory = -48,

    /// <summary>A group that does not exist.</summary>
    NoSubstring = -49,

    /// <summary>A name that several groups have.</summary>
    NoUniqueSubstring = -50,

    /// <summary>Recursion without progress.</summary>
    RecurseLoop = -52,

    /// <summary>The limit set by SetDepthLimit was reached (re: match_limit_recursion).</summary>
    DepthLimit = -53,

    /// <summary>The limit set by SetHeapLimit was reached.</summary>
    HeapLimit = -63,

    /// <summary>Not of PCRE2: <see cref="Regex.MatchBriefly"/> has taken its time, or the match was asked to stop.</summary>
    Stopped = -1000,
}

/// <summary>What <see cref="Regex.Info32"/> and the other Info calls ask about; the numbers are PCRE2's.</summary>
public enum RegexInfo : uint
{
    /// <summary>The options, with those that the pattern itself sets.</summary>
    AllOptions = 0,

    /// <summary>The options given to Compile.</summary>
    ArgumentOptions = 1,

    /// <summary>The highest back reference.</summary>
    BackReferenceMax = 2,

    /// <summary>What \R matches: 1 Unicode's, 2 CR, LF, CRLF.</summary>
    BackslashR = 3,

    /// <summary>Groups that capture.</summary>
    CaptureCount = 4,

    /// <summary>Whether the pattern has explicit CR or LF.</summary>
    HasCrOrLf = 8,

    /// <summary>Whether it can match the empty string.</summary>
    MatchEmpty = 13,

    /// <summary>How far a lookbehind reaches, in characters.</summary>
    MaxLookbehind = 15,

    /// <summary>A subject shorter than this cannot match.</summary>
    MinLength = 16,

    /// <summary>Entries of the table of names.</summary>
    NameCount = 17,

    /// <summary>Bytes of an entry.</summary>
    NameEntrySize = 18,

    /// <summary>The table of names (a pointer).</summary>
    NameTable = 19,

    /// <summary>A <see cref="RegexNewline"/>.</summary>
    Newline = 20,

    /// <summary>Bytes of the compiled pattern (size_t).</summary>
    Size = 22,
}

/// <summary>A compiled pattern; only its address is used. It does not change, so that any thread may match with it.</summary>
public struct RegexCode
{
}

/// <summary>The result of a match; only its address is used. One thread at a time.</summary>
public struct RegexMatchData
{
}

/// <summary>How to allocate; only its address is used.</summary>
public struct RegexMemory
{
}

/// <summary>Settings of compilation; only its address is used.</summary>
public struct RegexCompileSettings
{
}

/// <summary>Settings and limits of matching; only its address is used.</summary>
public struct RegexMatchSettings
{
}

/// <summary>By which a match on one thread can be ended by another; the layout is that of build/regex.c.</summary>
public struct RegexStop
{
    /// <summary>Not 0: asked. And the number of the thread.</summary>
    public int Word, Thread;

    /// <summary>Whether the match was asked to end.</summary>
    public readonly bool Asked => Word != 0;
}

/// <summary>
/// PCRE2. Subjects and patterns are bytes; offsets and lengths count bytes. What a Create or Compile gives is freed by the call of the
/// same name with Free; where a <see cref="RegexMemory"/> may be null, null means malloc. Null results mean that there is no memory.
/// </summary>
public static unsafe partial class Regex
{
    /// <summary>The offset of a group that took no part in the match.</summary>
    public static nuint Unset => unchecked((nuint)ulong.MaxValue);

    private const uint ConfigUnicode = 9, ConfigVersion = 11;

    /// <summary>Makes the library allocate by the caller's functions: (bytes, data) and (block or null, data).</summary>
    public static RegexMemory* CreateMemory(
        delegate* unmanaged<nuint, void*, void*> allocate, delegate* unmanaged<void*, void*, void> free, void* data) =>
        pcre2_general_context_create_8(allocate, free, data);

    /// <summary>Frees it; things made with it live on.</summary>
    public static void FreeMemory(RegexMemory* memory) => pcre2_general_context_free_8(memory);

    /// <summary>Settings of compilation with their defaults.</summary>
    public static RegexCompileSettings* CreateCompileSettings(RegexMemory* memory) => pcre2_compile_context_create_8(memory);

    /// <summary>Frees them.</summary>
    public static void FreeCompileSettings(RegexCompileSettings* settings) => pcre2_compile_context_free_8(settings);

    /// <summary>What ends a line.</summary>
    public static void SetNewline(RegexCompileSettings* settings, RegexNewline newline) => _ = pcre2_set_newline_8(settings, (uint)newline);

    /// <summary>Whether \R matches CR, LF and CRLF only (bsr_anycrlf), or any of Unicode's line ends (bsr_unicode).</summary>
    public static void SetBackslashR(RegexCompileSettings* settings, bool anyCrLf) => _ = pcre2_set_bsr_8(settings, anyCrLf ? 2u : 1u);

    /// <summary>How deep parentheses may nest (250 if not set): bounds the C stack that compiling uses.</summary>
    public static void SetNestLimit(RegexCompileSettings* settings, uint depth) => _ = pcre2_set_parens_nest_limit_8(settings, depth);

    /// <summary>Has a function asked, with the depth and data, at every opening parenthesis: not 0 ends compiling with an error.</summary>
    public static void SetGuard(RegexCompileSettings* settings, delegate* unmanaged<uint, void*, int> guard, void* data) =>
        _ = pcre2_set_compile_recursion_guard_8(settings, guard, data);

    /// <summary>
    /// Compiles a pattern. Null on an error.
    /// </summary>
    /// <param name="pattern">The pattern; any bytes, zeroes too.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="options">Options.</param>
    /// <param name="settings">Or null for the defaults; its memory functions are the compiled pattern's too.</param>
    /// <param name="error">The error's code, for <see cref="ErrorMessage"/>.</param>
    /// <param name="errorOffset">Where in the pattern.</param>
    public static RegexCode* Compile(
        byte* pattern, nuint length, RegexCompileOptions options, RegexCompileSettings* settings, out int error, out nuint errorOffset)
    {
        int code = 0;
        nuint offset = 0;
        RegexCode* result = pcre2_compile_8(pattern, length, (uint)options, &code, &offset, settings);
        error = result == null ? code : 0;
        errorOffset = result == null ? offset : 0;
        return result;
    }

    /// <summary>Frees a compiled pattern; null does nothing.</summary>
    public static void FreeCode(RegexCode* code) => pcre2_code_free_8(code);

    /// <summary>A fact of 32 bits about a compiled pattern; 0 for one that does not exist.</summary>
    public static uint Info32(RegexCode* code, RegexInfo what)
    {
        // Wide enough for the facts that are a size or a pointer, so that a wrong question cannot write past it.
        ulong value = 0;
        return pcre2_pattern_info_8(code, (uint)what, &value) < 0 ? 0 : (uint)value;
    }

    /// <summary>Bytes of memory that a compiled pattern takes.</summary>
    public static nuint SizeOf(RegexCode* code)
    {
        nuint value = 0;
        return pcre2_pattern_info_8(code, (uint)RegexInfo.Size, &value) < 0 ? 0 : value;
    }

    /// <summary>
    /// The name at an index (0 to NameCount - 1; they are in alphabetical order) and the group it stands for.
    /// </summary>
    /// <param name="code">The pattern.</param>
    /// <param name="index">Which.</param>
    /// <param name="name">With a zero at the end; lives as long as the pattern.</param>
    /// <param name="group">The group's number.</param>
    /// <returns>False when there is none.</returns>
    public static bool GroupName(RegexCode* code, uint index, out byte* name, out int group)
    {
        name = null;
        group = 0;
        byte* table = null;
        if (index >= Info32(code, RegexInfo.NameCount) || pcre2_pattern_info_8(code, (uint)RegexInfo.NameTable, &table) < 0)
        {
            return false;
        }

        byte* entry = table + (nuint)index * Info32(code, RegexInfo.NameEntrySize);
        group = entry[0] << 8 | entry[1];
        name = entry + 2;
        return true;
    }

    /// <summary>Settings and limits of matching with their defaults (10 million matches, 20 MB of heap).</summary>
    public static RegexMatchSettings* CreateMatchSettings(RegexMemory* memory) => pcre2_match_context_create_8(memory);

    /// <summary>Frees them.</summary>
    public static void FreeMatchSettings(RegexMatchSettings* settings) => pcre2_match_context_free_8(settings);

    /// <summary>How often the matcher may call itself, which bounds the time of a match.</summary>
    public static void SetMatchLimit(RegexMatchSettings* settings, uint limit) => _ = pcre2_set_match_limit_8(settings, limit);

    /// <summary>How deep it may backtrack, which bounds memory too.</summary>
    public static void SetDepthLimit(RegexMatchSettings* settings, uint limit) => _ = pcre2_set_depth_limit_8(settings, limit);

    /// <summary>How many KiB of heap a match may use.</summary>
    public static void SetHeapLimit(RegexMatchSettings* settings, uint kibibytes) => _ = pcre2_set_heap_limit_8(settings, kibibytes);

    /// <summary>Room for the result of a match with this pattern, all groups.</summary>
    public static RegexMatchData* CreateMatchData(RegexCode* code, RegexMemory* memory) =>
        pcre2_match_data_create_from_pattern_8(code, memory);

    /// <summary>Frees it; null does nothing.</summary>
    public static void FreeMatchData(RegexMatchData* data) => pcre2_match_data_free_8(data);

    /// <summary>
    /// Searches. Long subjects and bad patterns take long: set limits, or run it on a dirty scheduler.
    /// </summary>
    /// <param name="code">The pattern.</param>
    /// <param name="subject">Where to search; must stay until the offsets are read.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="start">Where to begin; lookbehinds see what is before.</param>
    /// <param name="options">Options.</param>
    /// <param name="data">Takes the result.</param>
    /// <param name="settings">Or null for the defaults.</param>
    /// <returns>1 + the number of the highest group that took part, or a <see cref="RegexError"/>.</returns>
    public static int Match(
        RegexCode* code, byte* subject, nuint length, nuint start, RegexMatchOptions options, RegexMatchData* data, RegexMatchSettings* settings) =>
        pcre2_match_8(code, subject, length, start, (uint)options, data, settings);

    /// <summary>
    /// Pairs of offsets, where a group begins and ends; group 0 is the whole match. <see cref="Unset"/> for groups that took no part. With \K in a
    /// lookahead a match can begin behind its end.
    /// </summary>
    public static nuint* Offsets(RegexMatchData* data) => pcre2_get_ovector_pointer_8(data);

    /// <summary>How many pairs there are.</summary>
    public static uint OffsetCount(RegexMatchData* data) => pcre2_get_ovector_count_8(data);

    /// <summary>The name of the last (*MARK) on the way, with a zero at the end, or null.</summary>
    public static byte* Mark(RegexMatchData* data) => pcre2_get_mark_8(data);

    /// <summary>The text for a code of Compile or Match, with a zero at the end; 128 bytes are enough. Gives its bytes, or a negative code.</summary>
    public static int ErrorMessage(int error, byte* buffer, nuint capacity) => pcre2_get_error_message_8(error, buffer, capacity);

    /// <summary>The library's version as text with a zero at the end ("10.42 2022-12-11"; re:version); the buffer has 64 bytes.</summary>
    public static void Version(byte* buffer) => _ = pcre2_config_8(ConfigVersion, buffer);

    /// <summary>Whether the library was built with Unicode.</summary>
    public static bool HasUnicode
    {
        get
        {
            uint value = 0;
            return pcre2_config_8(ConfigUnicode, &value) >= 0 && value == 1;
        }
    }

    // Plain imports where the library can take long or call the caller's memory functions.
    [DllImport("libpcre2-8")]
    private static extern RegexMemory* pcre2_general_context_create_8(
        delegate* unmanaged<nuint, void*, void*> allocate, delegate* unmanaged<void*, void*, void> free, void* data);

    [DllImport("libpcre2-8")]
    private static extern void pcre2_general_context_free_8(RegexMemory* memory);

    [DllImport("libpcre2-8")]
    private static extern RegexCompileSettings* pcre2_compile_context_create_8(RegexMemory* memory);

    [DllImport("libpcre2-8")]
    private static extern void pcre2_compile_context_free_8(RegexCompileSettings* settings);

    [DllImport("libpcre2-8"), SuppressGCTransition]
    private static extern int pcre2_set_newline_8(RegexCompileSettings* settings, uint newline);

    [DllImport("libpcre2-8"), SuppressGCTransition]
    private static extern int pcre2_set_bsr_8(RegexCompileSettings* settings, uint value);

    [DllImport("libpcre2-8"), SuppressGCTransition]
    private static extern int pcre2_set_parens_nest_limit_8(RegexCompileSettings* settings, uint depth);

    [DllImport("libpcre2-8"), SuppressGCTransition]
    private static extern int pcre2_set_compile_recursion_guard_8(RegexCompileSettings* settings, delegate* unmanaged<uint, void*, int> guard, void* data);

    [DllImport("libpcre2-8")]
    private static extern RegexCode* pcre2_compile_8(
        byte* pattern, nuint length, uint options, int* error, nuint* errorOffset, RegexCompileSettings* settings);

    [DllImport("libpcre2-8")]
    private static extern void pcre2_code_free_8(RegexCode* code);

    [DllImport("libpcre2-8"), SuppressGCTransition]
    private static extern int pcre2_pattern_info_8(RegexCode* code, uint what, void* result);

    [DllImport("libpcre2-8")]
    private static extern RegexMatchSettings* pcre2_match_context_create_8(RegexMemory* memory);

    [DllImport("libpcre2-8")]
    private static extern void pcre2_match_context_free_8(RegexMatchSettings* settings);

    [DllImport("libpcre2-8"), SuppressGCTransition]
    private static extern int pcre2_set_match_limit_8(RegexMatchSettings* settings, uint limit);

    [DllImport("libpcre2-8"), SuppressGCTransition]
    private static extern int pcre2_set_depth_limit_8(RegexMatchSettings* settings, uint limit);

    [DllImport("libpcre2-8"), SuppressGCTransition]
    private static extern int pcre2_set_heap_limit_8(RegexMatchSettings* settings, uint kibibytes);

    [DllImport("libpcre2-8")]
    private static extern RegexMatchData* pcre2_match_data_create_from_pattern_8(RegexCode* code, RegexMemory* memory);

    [DllImport("libpcre2-8")]
    private static extern void pcre2_match_data_free_8(RegexMatchData* data);

    [DllImport("libpcre2-8")]
    private static extern int pcre2_match_8(
        RegexCode* code, byte* subject, nuint length, nuint start, uint options, RegexMatchData* data, RegexMatchSettings* settings);

    [DllImport("libpcre2-8"), SuppressGCTransition]
    private static extern nuint* pcre2_get_ovector_pointer_8(RegexMatchData* data);

    [DllImport("libpcre2-8"), SuppressGCTransition]
    private static extern uint pcre2_get_ovector_count_8(RegexMatchData* data);

    [DllImport("libpcre2-8"), SuppressGCTransition]
    private static extern byte* pcre2_get_mark_8(RegexMatchData* data);

    [DllImport("libpcre2-8"), SuppressGCTransition]
    private static extern int pcre2_get_error_message_8(int error, byte* buffer, nuint capacity);

    [DllImport("libpcre2-8"), SuppressGCTransition]
    private static extern int pcre2_config_8(uint what, void* result);
}
