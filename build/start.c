/* The C side of the executable: what the compiler expects as data symbols, the entry, and two things that C# cannot name
   directly, the program's arguments and the archive. MYBEAM_HOSTED: the ordinary NativeAOT build has its own entry and symbols. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC, vfork, setsid */
#endif
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

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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
  sigaddset(&action.sa_mask, SIGVTALRM); /* build/regex.c jumps */
  halting = halting_word;
  exit_status = status_word;
  sleeping = sleeping_word;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

/* Signals that the program wants to hear of: the handler writes the number to a pipe that the poller reads. */
static int signal_pipe = -1;

static void note_signal(int number) {
  int before = errno, to = signal_pipe;
  unsigned char byte = (unsigned char)number;
  if (to >= 0) { ssize_t written = write(to, &byte, 1); (void)written; }
  errno = before;
}

void mybeam_note_signals_to(int descriptor) { signal_pipe = descriptor; }

int mybeam_note_signal(int number) {
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
  sigaddset(&action.sa_mask, SIGVTALRM);
  return sigaction(number, &action, NULL) == 0 ? 0 : errno;
}

/* Child processes. Between vfork and exec the child has the parent's memory, so it calls nothing but system calls; the parent's thread waits. */
struct child_start {
  const char *program;
  char **arguments, **environment;
  const char *folder;
  int input, output, standard_error, beside;
};

/* A copy of the descriptor that dup2 to one of the first few cannot hit, and that exec closes. */
static int out_of_the_way(int descriptor) { return descriptor < 0 ? descriptor : fcntl(descriptor, F_DUPFD_CLOEXEC, 10); }

static void put_text(const char *text) {
  size_t n = 0;
  while (text[n]) n++;
  ssize_t written = write(2, text, n);
  (void)written;
}

__attribute__((noinline)) static void run_child(const struct child_start *start) {
  struct sigaction action;
  sigset_t none;
  for (int i = 1; i < 65; i++) {
    if (sigaction(i, NULL, &action) == 0 && action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL) {
      action.sa_handler = SIG_DFL;
      action.sa_flags = 0;
      sigaction(i, &action, NULL);
    }
  }
  /* What children of OTP find: these two are ignored, SIGTERM and SIGCHLD are not. */
  signal(SIGPIPE, SIG_IGN);
  signal(SIGFPE, SIG_IGN);
  signal(SIGTERM, SIG_DFL);
  signal(SIGCHLD, SIG_DFL);
  if (start->folder && chdir(start->folder) < 0) {
    int error = errno;
    put_text("spawn: Could not cd to ");
    put_text(start->folder);
    put_text("\r\n");
    _exit(error);
  }
  int input = out_of_the_way(start->input), output = out_of_the_way(start->output), standard_error = out_of_the_way(start->standard_error);
  if (input >= 0 && dup2(input, start->beside ? 3 : 0) < 0) _exit(errno);
  if (output >= 0 && dup2(output, start->beside ? 4 : 1) < 0) _exit(errno);
  if (standard_error >= 0 && dup2(standard_error, 2) < 0) _exit(errno);
  setsid();
  unsigned first = !start->beside ? 3 : output >= 0 ? 5 : input >= 0 ? 4 : 3;
  if (start->beside && input < 0) close(3);
  if (syscall(SYS_close_range, first, ~0u, 0) < 0)
    for (int i = (int)first, most = (int)sysconf(_SC_OPEN_MAX); i < most; i++) close(i);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(start->program, start->arguments, start->environment);
  _exit(errno);
}

/* The child's number, or an error below 0. *ended becomes readable when the child has ended. */
int mybeam_start_child(const struct child_start *start, int *ended) {
  sigset_t all, before;
  /* A handler of ours that ran in the child would change the parent's memory. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int child = vfork();
  if (child == 0) run_child(start);
  int error = child < 0 ? errno : 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error) return -error;
  *ended = (int)syscall(SYS_pidfd_open, child, 0);
  if (*ended >= 0) return child;
  error = errno;
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return -error;
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
  /* Small blocks that are freed are merged with their neighbours at once, not a million of them in one go at the next large request. */
  mallopt(M_MXFAST, 0);
  if (processor_is_too_old()) return 1;
  return __managed__Main(argc, argv);
}

#endif
