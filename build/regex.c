/* Matches of PCRE2 that can be stopped. PCRE2 has no way to do that from outside, and how long a match takes cannot be told before: so a signal interrupts
   it, and the handler jumps out of it. pcre2_match() has no state but its own stack, the match data and the memory it asks for, and calls of others only
   memchr and the like. That memory is kept in a row here, and the handler leaves the matcher alone while it is in these functions. So nothing is lost and
   nothing is half done. Handlers of other signals must keep SIGVTALRM out (sa_mask), so that a jump never leaves one of them.

   Two uses, both with SIGVTALRM:
   - on a scheduler a match may take a few milliseconds. One timer per thread, of the processor time that it uses, is set when a match begins and it is not set
     already; the handler stops a match that has been there for a whole period, sets the timer again for a younger one, and lets it rest when there is none.
     So a match costs nothing more, and many short ones cost one system call in a period together;
   - on a dirty thread a match runs until another thread asks for its end (mybeam_match_stop). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

extern void *pcre2_general_context_create_8(void *(*allocate)(size_t, void *), void (*release)(void *, void *), void *data);
extern int pcre2_match_8(const void *code, const unsigned char *subject, size_t length, size_t start, unsigned options, void *data, void *context);

enum { STOPPED = -1000, PERIOD_NS = 2000000, SPARE_LEAST = 4096, SPARE_MOST = 65536 };

struct block {
  struct block *next, *before;
  size_t bytes, unused; /* what follows is aligned to 16 */
};

/* What stop points to: asked is set by the thread that wants the end. */
struct match_stop {
  volatile int asked, thread;
};

struct matcher {
  volatile int active, inside, pending, armed;
  int known, timer_made; /* timer_made -1: there can be none */
  volatile unsigned long number, seen;
  struct match_stop *volatile stop;
  struct block *blocks, *spare;
  timer_t timer;
  jmp_buf out;
};

static __thread struct matcher matcher;

#define FENCE() __atomic_signal_fence(__ATOMIC_SEQ_CST)

__attribute__((noinline, noreturn)) static void leave(struct matcher *m) {
  m->active = 0;
  m->pending = 0;
  _longjmp(m->out, 1);
}

/* -- memory -- */

static void enter(struct matcher *m) {
  m->inside = 1;
  FENCE();
}

static void leave_memory(struct matcher *m) {
  FENCE();
  m->inside = 0;
  FENCE();
  if (m->pending && m->active) leave(m);
}

static void *allocate(size_t bytes, void *data) {
  (void)data;
  struct matcher *m = &matcher;
  struct block *b;
  enter(m);
  if (m->spare && bytes >= SPARE_LEAST && bytes <= m->spare->bytes) {
    b = m->spare;
    m->spare = NULL;
  } else {
    b = bytes <= (size_t)-1 - sizeof *b ? malloc(sizeof *b + bytes) : NULL;
    if (b) b->bytes = bytes;
  }
  if (b) {
    b->before = NULL;
    b->next = m->blocks;
    if (b->next) b->next->before = b;
    m->blocks = b;
  }
  leave_memory(m);
  return b ? b + 1 : NULL;
}

static void discard(struct matcher *m, struct block *b) {
  if (b->before) b->before->next = b->next;
  else m->blocks = b->next;
  if (b->next) b->next->before = b->before;
  /* Every match asks for the same 20 KB. */
  if (!m->spare && b->bytes >= SPARE_LEAST && b->bytes <= SPARE_MOST) m->spare = b;
  else free(b);
}

static void release(void *p, void *data) {
  (void)data;
  struct matcher *m = &matcher;
  if (!p) return;
  enter(m);
  discard(m, (struct block *)p - 1);
  leave_memory(m);
}

/* -- the signal -- */

static void set_timer(struct matcher *m) {
  struct itimerspec when = {.it_value = {.tv_nsec = PERIOD_NS}};
  m->seen = m->number;
  timer_settime(m->timer, 0, &when, NULL);
}

static void on_signal(int number) {
  (void)number;
  struct matcher *m = &matcher;
  int before = errno;
  if (!m->active) m->armed = 0;
  else if (m->stop ? m->stop->asked : m->armed && m->seen == m->number) {
    m->armed = 0;
    if (!m->inside) leave(m);
    m->pending = 1;
  } else if (m->armed) set_timer(m);
  errno = before;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t ends;
static void *memory;

/* At the end of a thread. */
static void end(void *data) {
  struct matcher *m = data;
  if (m->timer_made > 0) timer_delete(m->timer);
  m->timer_made = -1;
  free(m->spare);
  m->spare = NULL;
}

static void install(void) {
  /* What the matcher calls of libc is looked up by the dynamic linker when it is first called, and a jump must not leave that one in the middle. */
  static char a[2], b[2];
  static volatile size_t one = 1;
  memset(a, 1, one);
  memcpy(b, a, one);
  if (memchr(a, 0, one) || memcmp(a, b, one)) return;
  if (pthread_key_create(&ends, end)) return;
  /* SA_NODEFER: the handler is left by a jump, and the signal must not stay blocked. */
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)(SA_RESTART | SA_NODEFER)};
  if (sigaction(SIGVTALRM, &action, NULL)) return;
  void *made = pcre2_general_context_create_8(allocate, release, NULL);
  /* It outlives the match. */
  if (made) matcher.blocks = matcher.blocks->next;
  __atomic_store_n(&memory, made, __ATOMIC_RELEASE);
}

/* The memory functions (a general context) that match data for mybeam_match must be made with. Null: there is no memory. */
void *mybeam_match_memory(void) {
  struct matcher *m = &matcher;
  void *there = __atomic_load_n(&memory, __ATOMIC_ACQUIRE);
  if (!there) {
    pthread_once(&once, install);
    there = memory;
  }
  if (there && !m->known) m->known = pthread_setspecific(ends, m) == 0;
  return there;
}

static void start_timer(struct matcher *m) {
  if (m->timer_made < 0 || !m->known) return;
  if (!m->timer_made) {
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGVTALRM};
    event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
    m->timer_made = timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &m->timer) == 0 || timer_create(CLOCK_MONOTONIC, &event, &m->timer) == 0 ? 1 : -1;
    if (m->timer_made < 0) return;
  }
  m->armed = 1;
  FENCE();
  set_timer(m);
}

/* -- matches -- */

/* pcre2_match; the match data must be the only thing made with mybeam_match_memory by this thread since the last mybeam_match_end. With a null stop it ends
   after a few milliseconds, else when it is asked to: the result is STOPPED then. */
int mybeam_match(const void *code, const unsigned char *subject, size_t length, size_t start, unsigned options, void *data, void *context, struct match_stop *stop) {
  struct matcher *m = &matcher;
  m->stop = stop;
  m->number++;
  m->pending = 0;
  if (_setjmp(m->out)) return STOPPED;
  FENCE();
  m->active = 1;
  FENCE();
  if (stop ? stop->asked : 0) {
    m->active = 0;
    return STOPPED;
  }
  if (!stop && !m->armed) start_timer(m);
  int result = pcre2_match_8(code, subject, length, start, options, data, context);
  FENCE();
  m->active = 0;
  return result;
}

/* Frees the match data and whatever the match has left. */
void mybeam_match_end(void) {
  struct matcher *m = &matcher;
  while (m->blocks) discard(m, m->blocks);
}

/* Makes a stop point for a match on this thread. */
void mybeam_match_here(struct match_stop *stop) {
  stop->asked = 0;
  stop->thread = (int)syscall(SYS_gettid);
}

/* Asks a match for its end, from any thread. The stop point must still be there. */
void mybeam_match_stop(struct match_stop *stop) {
  stop->asked = 1;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  syscall(SYS_tgkill, getpid(), stop->thread, SIGVTALRM);
}
