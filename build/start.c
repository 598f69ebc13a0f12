/* The C side of the executable: what the compiler expects as data symbols, the entry, and two things that C# cannot name
   directly, the program's arguments and the archive. MYBEAM_HOSTED: the ordinary NativeAOT build has its own entry and symbols. */
#include <stddef.h>

static char **arguments;
static int argument_count;

/* The argument vector, the program's name first. */
char **mybeam_arguments(int *count) { *count = argument_count; return arguments; }

/* The archive of OTP's modules, linked in as data; *bytes is 0 when the build had none. */
__asm__(
    ".section .rodata\n"
    ".balign 16\n"
    ".globl mybeam_archive_start\n"
    "mybeam_archive_start:\n"
#ifdef MYBEAM_ARCHIVE
    ".incbin \"" MYBEAM_ARCHIVE "\"\n"
#endif
    ".globl mybeam_archive_end\n"
    "mybeam_archive_end:\n"
    ".byte 0\n"
    ".text\n");
extern const unsigned char mybeam_archive_start[], mybeam_archive_end[];

const unsigned char *mybeam_archive(size_t *bytes) { *bytes = (size_t)(mybeam_archive_end - mybeam_archive_start); return mybeam_archive_start; }

#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* SIGINT and SIGTERM: the VM is halted with the status that shells give to a program that a signal has ended, so that what is buffered is still written.
   The second one ends the program at once. Here because a signal handler must not be managed code in the hosted build. */
static int *halting, *exit_status, *sleeping;

static void halt_by_signal(int number) {
  *exit_status = 128 + number;
  __atomic_store_n(halting, 1, __ATOMIC_SEQ_CST);
  syscall(SYS_futex, sleeping, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void mybeam_halt_on_signals(int *halting_word, int *status_word, int *sleeping_word) {
  struct sigaction action = {.sa_handler = halt_by_signal, .sa_flags = (int)(SA_RESTART | SA_RESETHAND)};
  halting = halting_word;
  exit_status = status_word;
  sleeping = sleeping_word;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

#ifdef MYBEAM_HOSTED

/* glibc gives constructors main's arguments. */
__attribute__((constructor)) static void keep(int argc, char **argv) { argument_count = argc; arguments = argv; }

#else

#include <malloc.h>
#include <string.h>
#include <sys/auxv.h>

/* Would be set while a garbage collection stops the threads. */
int RhpTrapThreads = 0;
/* What a function with a buffer on its stack puts before the return address and checks when it leaves. */
unsigned long __security_cookie = 0x5bd1e9955bd1e995;

/* Called by functions with a frame over a page, to touch its pages in order. Linux grows the main stack at any access above the limit, and the
   stacks of threads are mapped whole with a guard below, so there is nothing to do. */
__asm__(".globl RhpStackProbe\nRhpStackProbe: ret\n");

/* PCRE2's just-in-time compiler and zstd's decoders of its formats before 1.0 are referred to by code that we need and never used by it: a pattern
   is never compiled for them, and no frame has these formats. Standing in for them saves a quarter of a megabyte. */
void _pcre2_jit_free_8(void *code, void *memory) { (void)code; (void)memory; }
const char *_pcre2_jit_get_target_8(void) { return ""; }
size_t _pcre2_jit_get_size_8(void *code) { (void)code; return 0; }
int _pcre2_jit_check_exec_8(void *context) { (void)context; return 0; }
int pcre2_jit_match_8(const void *code, const unsigned char *subject, size_t length, size_t start, unsigned options, void *data, void *context) {
  (void)code; (void)subject; (void)length; (void)start; (void)options; (void)data; (void)context;
  return -45; /* PCRE2_ERROR_JIT_BADOPTION */
}
#define OLD_FORMAT(v) \
  void *ZSTD##v##_createDCtx(void) { return NULL; } \
  size_t ZSTD##v##_freeDCtx(void *d) { (void)d; return 0; } \
  size_t ZSTD##v##_decompress_usingDict(void *d, void *to, size_t room, const void *from, size_t bytes, const void *dict, size_t dict_bytes) { \
    (void)d; (void)to; (void)room; (void)from; (void)bytes; (void)dict; (void)dict_bytes; return (size_t)-1; } \
  size_t ZSTD##v##_getFrameParams(void *params, const void *from, size_t bytes) { (void)params; (void)from; (void)bytes; return (size_t)-1; } \
  void ZSTD##v##_findFrameSizeInfoLegacy(const void *from, size_t bytes, size_t *size, unsigned long long *bound) { \
    (void)from; (void)bytes; *size = (size_t)-1; *bound = -1ull; } \
  void *ZBUFF##v##_createDCtx(void) { return NULL; } \
  size_t ZBUFF##v##_freeDCtx(void *d) { (void)d; return 0; } \
  size_t ZBUFF##v##_decompressInitDictionary(void *d, const void *dict, size_t bytes) { (void)d; (void)dict; (void)bytes; return (size_t)-1; } \
  size_t ZBUFF##v##_decompressContinue(void *d, void *to, size_t *room, const void *from, size_t *bytes) { \
    (void)d; (void)to; (void)room; (void)from; (void)bytes; return (size_t)-1; }
OLD_FORMAT(v05)
OLD_FORMAT(v06)
OLD_FORMAT(v07)

extern int __managed__Main(int argc, char **argv);

#if defined(__x86_64__) && defined(MYBEAM_NEEDS_V3)
#include <stdio.h>
#include <sys/platform/x86.h>
/* The code is compiled for x86-64-v3 (build/Freestanding.proj says why). The answer comes from the dynamic loader, which
   has asked the processor already; a CPUID instruction of our own costs up to 70 microseconds in a virtual machine. */
static int processor_is_too_old(void) {
  if (CPU_FEATURE_ACTIVE(AVX2) && CPU_FEATURE_ACTIVE(BMI1) && CPU_FEATURE_ACTIVE(BMI2) && CPU_FEATURE_ACTIVE(FMA) && CPU_FEATURE_ACTIVE(LZCNT)) return 0;
  fputs("mybeam: this processor lacks AVX2, BMI2, FMA or LZCNT (x86-64-v3); rebuild with scripts/build --cpu x86-64-v2\n", stderr);
  return 1;
}
#else
static int processor_is_too_old(void) { return 0; }
#endif

int main(int argc, char **argv) {
  const void *random = (const void *)getauxval(AT_RANDOM);
  if (random) memcpy(&__security_cookie, random, sizeof __security_cookie);
  argument_count = argc;
  arguments = argv;
  /* glibc would map and unmap every large heap block anew, and each page fault costs more than copying the page. */
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  if (processor_is_too_old()) return 1;
  return __managed__Main(argc, argv);
}

#endif
