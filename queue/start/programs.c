#include "config.h"
#include "queue/start/programs.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/control.h"
#include "lib/exitcode.h"
#include "lib/pass.h"
#include "queue/start/say.h"

enum { PAUSE_MAX_S = 60, SECOND_US = 1000000 };

static uint8_t pass_key[PASS_KEY_OCTETS];

void programs_make_key(void) {
  if (getrandom(pass_key, sizeof pass_key, 0) != sizeof pass_key) start_die_errno("unable to make a key");
}

/* For the signal handlers, too. */
static struct program *programs[PROGRAMS_MAX];
static volatile sig_atomic_t program_count;

/* Above the numbers that are dealt out, so that no dup2() hits another one. */
static int lift(int fd) {
  int high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
  if (high == -1) start_die_errno("unable to move a descriptor");
  return high;
}

static void place(const int descriptors[2]) {
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing == -1) start_die_errno("unable to open /dev/null");
  int first = lift(descriptors[0] >= 0 ? descriptors[0] : nothing);
  int second = lift(descriptors[1] >= 0 ? descriptors[1] : nothing);
  if (dup2(first, 0) == -1 || dup2(second, 1) == -1) start_die_errno("unable to move a descriptor");
}

static _Noreturn void become_program(const struct program *p, const char *path, pid_t parent, const sigset_t *unblocked) {
  program_count = 0; /* what its copy of our handler hears is for nobody */
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  sigprocmask(SIG_SETMASK, unblocked, NULL);
  place(p->descriptors);
  if (!p->keep_root) account_become(p->account, &p->group, 1);
  /* whatever ends the starter ends them all */
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || getppid() != parent) _exit(TOOL_SYSTEM);
  signal(SIGPIPE, SIG_DFL);
  if (p->gets_key && pass_give_key(pass_key) == -1) start_die_errno("unable to give the key of the passes");
  execl(path, p->name, p->argument, (char *)NULL);
  start_die_errno(path);
}

/* -1: there is no memory, or no process.  A signal to end that came before the child is rid of
 * our handler would be lost, and the child waited for without end: it comes later. */
static pid_t start(struct program *p) {
  stralloc path = {0};
  sigset_t all, unblocked;
  pid_t parent = getpid(), pid = -1;
  p->began_us = clock_boot_us(&clock_system);
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &unblocked);
  if (program_path(&path, p->name) == 0) pid = fork();
  else errno = ENOMEM;
  if (pid == 0) become_program(p, path.s, parent, &unblocked);
  int saved = errno;
  p->pid = pid > 0 ? pid : 0;
  sigprocmask(SIG_SETMASK, &unblocked, NULL);
  stralloc_free(&path);
  return errno = saved, pid;
}

void programs_add(struct program *p) {
  programs[program_count] = p;
  program_count++;
  if (start(p) == -1) start_die_errno("unable to start a program");
}

/* ---- watching */

static volatile sig_atomic_t is_ending;

static unsigned kind_of(int signal_number) {
  switch (signal_number) {
    case SIGHUP: return HEARS_HUP;
    case SIGALRM: return HEARS_ALRM;
    case SIGUSR2: return HEARS_USR2;
    default: return HEARS_END;
  }
}

static void pass_on(int signal_number) {
  int saved = errno;
  unsigned kind = kind_of(signal_number);
  if (kind == HEARS_END) is_ending = 1;
  for (int i = 0; i < program_count; i++)
    if (programs[i]->pid > 0 && programs[i]->hears & kind) kill(programs[i]->pid, signal_number);
  errno = saved;
}

void programs_catch_signals(void) {
  struct sigaction a = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
  sigaction(SIGTERM, &a, NULL);
  sigaction(SIGINT, &a, NULL);
  sigaction(SIGHUP, &a, NULL);
  sigaction(SIGALRM, &a, NULL);
  sigaction(SIGUSR2, &a, NULL);
}

static int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : TOOL_SYSTEM; }

/* A growing pause, which is forgotten when it has run for a while: it may fail at once, each time. */
static void rest(struct program *p) {
  uint64_t now = clock_boot_us(&clock_system), ran_s = (now - p->began_us) / SECOND_US;
  if (!p->comes_back || is_ending) return;
  p->pause_s = ran_s > PAUSE_MAX_S || p->pause_s == 0 ? 1 : 2 * p->pause_s;
  if (p->pause_s > PAUSE_MAX_S) p->pause_s = PAUSE_MAX_S;
  p->due_us = now + p->pause_s * (uint64_t)SECOND_US;
}

static void say_again(const char *name, const char *why) {
  char what[64];
  snprintf(what, sizeof what, "unable to start %s again", name);
  start_say(what, why);
}

/* A machine without memory or processes for it just now loses nothing else by that.
 * The signal to end may have come before the new one was known. */
static bool start_again(struct program *p) {
  pid_t pid = start(p);
  if (pid == -1) {
    int saved = errno;
    rest(p);
    say_again(p->name, strerror(saved));
    return false;
  }
  p->due_us = 0;
  if (is_ending) kill(pid, SIGTERM);
  return true;
}

/* How many rest.  In the end nobody comes back. */
static size_t start_due(void) {
  size_t resting = 0;
  for (int i = 0; i < program_count; i++) {
    struct program *p = programs[i];
    if (is_ending) p->due_us = 0;
    if (p->due_us == 0) continue;
    if (p->due_us > clock_boot_us(&clock_system) || !start_again(p)) resting++;
  }
  return resting;
}

/* The spawners end when the runner does: their sockets close.  Where a spawner
 * ends first the runner sees that and ends.  Without TLS, who checks passwords, who
 * shows mailboxes, or ready injectors, mail goes on as far as it may. */
static void note_end(struct program *p, int status) {
  p->pid = 0;
  if (p->ends_all) pass_on(SIGTERM);
  if (status != 0) start_say(p->name, "ended with an error");
  else if (p->comes_back && !is_ending) start_say(p->name, "ended; it is back when owl-start is started again");
  if (status != 0) rest(p);
}

static bool any_runs(void) {
  for (int i = 0; i < program_count; i++)
    if (programs[i]->pid > 0) return true;
  return false;
}

/* The runner's exit code. */
int programs_wait(const struct program *runner) {
  if (is_ending) pass_on(SIGTERM); /* who began behind the signal has not heard of it */
  int code = TOOL_SYSTEM, status;
  for (;;) {
    size_t resting = start_due();
    if (!resting && !any_runs()) return code;
    pid_t pid = waitpid(-1, &status, resting ? WNOHANG : 0);
    if (pid == -1 && (errno == EINTR || resting)) pid = 0;
    if (pid == -1) return code;
    if (pid == 0 && resting) sleep(1);
    for (int i = 0; pid && i < program_count; i++) {
      if (programs[i]->pid != pid) continue;
      if (programs[i] == runner) code = exit_code(status);
      note_end(programs[i], status);
    }
  }
}
