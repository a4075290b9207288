/* owl-rspawn: starts an owl-remote for every worker that the runner wants (owlpost-agent(7))
 *
 * It has the rights of the remote user, passes sockets on and reads nothing but
 * the runner's WORKER frames.  A fault in it stops remote deliveries; it sees
 * no mail.  A child of its own answers the receiver's questions about
 * recipients, of whom it asks next hops.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/agent.h"
#include "lib/clock.h"
#include "lib/control.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/log.h"
#include "lib/route.h"
#include "remote/classic.h"
#include "remote/deadlist.h"
#include "remote/dnssec.h"
#include "remote/filter.h"
#include "remote/launch.h"
#include "remote/verify/verify.h"

enum { RUNNER = 0, REFUSE_MS = 1000, RESTART_MIN_S = 1, RESTART_MAX_S = 64, RETEST_S = 60 };

static struct log out = {.fd = 2};
static stralloc program;
static struct launch launch = {NULL, -1};

static void die(const char *problem) {
  log_say(&out, "owl-rspawn", "fatal: ", text_of(problem));
  _exit(TOOL_SYSTEM);
}

static void die_system(const char *what) {
  log_say_errno(&out, "owl-rspawn", "fatal: ", text_of(what));
  _exit(TOOL_SYSTEM);
}

/* Tells the runner on the worker's own socket; without a reader there it goes
 * without saying. */
static void refuse(int sock, const char *problem, int error) {
  stralloc text = {0};
  struct result r = {.class = RESULT_DEFERRAL, .status = text_of("4.3.0")};
  (void)!stralloc_cats(&text, problem);
  if (error) (void)!stralloc_cats(&text, ": ");
  if (error) (void)!stralloc_cats(&text, strerror(error));
  r.text = text_of_stralloc(&text);
  log_say(&out, "owl-rspawn", "", r.text);
  (void)agent_send_refuse(sock, &r, REFUSE_MS);
  stralloc_free(&text);
}

/* ---- a site's own programs */

static int end_code(bool done, const char *what) {
  if (done) return 0;
  log_say(&out, "owl-rspawn", what, text_of(" ended early: unable to understand the runner, or the system failed"));
  return TOOL_SYSTEM;
}

/* What is set for all mail to other hosts: absent where there is nothing. */
static char *find_filter(int sock) {
  static struct control c;
  static stralloc path;
  if (control_open(&c) == -1 || control_text(&c, CONTROL_REMOTEFILTER, &path) == -1) {
    refuse(sock, c.error.s ? c.error.s : "out of memory", 0);
    _exit(TOOL_SYSTEM);
  }
  return path.len ? path.s : NULL;
}

/* In a process of its own, which takes the place of an owl-remote; returns when
 * nothing is set.  Mailbox servers' mail stays in the house. */
static void run_outside(const struct agent_worker *w, int sock) {
  const char *classic = getenv("QMAILREMOTE");
  char *filter = w->protocol == PROTOCOL_LMTP ? NULL : find_filter(sock);
  bool is_classic = classic && *classic && w->protocol == PROTOCOL_SMTP;
  if (!is_classic && !filter) return;
  signal(SIGCHLD, SIG_DFL); /* its children are waited for */
  /* the spawner's own socket is none of theirs */
  if (dup2(sock, RUNNER) == -1) _exit(TOOL_SYSTEM);
  close(sock);
  if (is_classic) _exit(end_code(classic_serve(RUNNER, classic) == CLASSIC_DONE, "QMAILREMOTE's adapter"));
  _exit(end_code(filter_serve(RUNNER, filter, &launch, w) == FILTER_DONE, "remotefilter's adapter"));
}

static void start(const struct agent_worker *w, int sock) {
  pid_t pid = fork();
  if (pid == -1) refuse(sock, "unable to fork", errno);
  if (pid != 0) return;
  signal(SIGHUP, SIG_DFL);
  run_outside(w, sock);
  launch_exec(&launch, w, sock, false);
  refuse(RUNNER, "unable to start owl-remote", errno); /* sock may have made way for the memory */
  _exit(TOOL_SYSTEM);
}

static void take(const struct frame *f) {
  struct agent_worker w;
  if (f->type != AGENT_WORKER || f->fd < 0) die("unable to understand the runner");
  if (agent_read_worker(&w, f->payload) == -1) die("unable to understand the runner's worker");
  if (w.channel != CHANNEL_REMOTE)
    refuse(f->fd, "asked for a worker of another channel", 0);
  else
    start(&w, f->fd);
  close(f->fd);
}

/* Senders do without it when it cannot be had. */
static void make_deadlist(void) {
  int fd = deadlist_make();
  if (fd == -1) return;
  launch.deadlist = fcntl(fd, F_DUPFD_CLOEXEC, DEADLIST_FD + 1); /* so that dup2() makes one that execs */
  close(fd);
}

/* Whether DANE is possible is found out beside the first deliveries, anew on SIGHUP,
 * and after a while where there was no answer, or a name server is on another host;
 * a sender that is started before that finds out for itself, when it needs to know. */
static int dnssec_finding = -1; /* a pipe on which owl-remote says what it has found */
static uint64_t dnssec_due_us;  /* boot clock: when to test again, or 0 */
static volatile sig_atomic_t is_hung_up;

/* It tells the log nothing that the last one has told, unless it was wished for. */
static _Noreturn void run_dnssec_test(int out_fd, bool is_wanted) {
  char name[] = "owl-remote", option[] = "--dnssec-test", *arguments[] = {name, option, NULL};
  signal(SIGHUP, SIG_DFL);
  if (is_wanted) (void)unsetenv(DNSSEC_VARIABLE);
  close(RUNNER);
  if (dup2(out_fd, STDOUT_FILENO) != -1) execv(program.s, arguments);
  _exit(TOOL_SYSTEM);
}

static void start_dnssec_test(void) {
  int ends[2];
  bool is_wanted = is_hung_up;
  is_hung_up = 0;
  dnssec_due_us = clock_boot_us(&clock_system) + RETEST_S * 1000000u;
  if (pipe2(ends, O_CLOEXEC) == -1) return;
  pid_t pid = fork();
  if (pid == 0) run_dnssec_test(ends[1], is_wanted);
  close(ends[1]);
  dnssec_finding = ends[0];
}

static void take_finding(void) {
  char found[sizeof DNSSEC_WORD_ELSEWHERE] = ""; /* the longest */
  bool has_found = read(dnssec_finding, found, sizeof found - 1) > 0;
  if (has_found && strcmp(found, DNSSEC_WORD_ELSEWHERE) != 0) dnssec_due_us = 0;
  if (has_found) (void)setenv(DNSSEC_VARIABLE, found, 1);
  else (void)unsetenv(DNSSEC_VARIABLE);
  close(dnssec_finding);
  dnssec_finding = -1;
}

static int until_ms(uint64_t due_us) {
  uint64_t now = clock_boot_us(&clock_system);
  return due_us <= now ? 0 : (int)((due_us - now) / 1000u) + 1;
}

/* -1: not by the clock */
static int until_retest_ms(void) {
  if (dnssec_finding >= 0) return -1;
  if (is_hung_up) return 0;
  return dnssec_due_us ? until_ms(dnssec_due_us) : -1;
}

/* A missing standard descriptor would be taken by the next socket. */
static void fill_standard_descriptors(void) {
  int fd;
  do fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= 2);
  if (fd > 2) close(fd);
}

/* ---- the process that answers questions about recipients (remote/verify/verify.h) */

static struct {
  volatile pid_t pid; /* 0: not running */
  int pidfd;
  uint64_t started_us, pause_s;
} verifier = {0, -1, 0, RESTART_MIN_S};

static void pass_on(int number) {
  int saved = errno;
  is_hung_up = 1;
  if (verifier.pid > 0) kill(verifier.pid, number);
  errno = saved;
}

static _Noreturn void run_verifier(pid_t parent) {
  /* it must not outlive its parent: the next one wants the socket */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != parent) _exit(TOOL_SYSTEM);
  close(RUNNER);
  signal(SIGHUP, SIG_DFL);
  (void)verify_run(&launch, &out);
  die_system("unable to answer questions about recipients");
  _exit(TOOL_SYSTEM);
}

static void lengthen_pause(void) {
  verifier.pause_s = verifier.pause_s < RESTART_MAX_S ? verifier.pause_s * 2 : RESTART_MAX_S;
}

/* The kernel reaps it: it has ended when there is nothing to wait for. */
static void kill_verifier(void) {
  int saved = errno;
  kill(verifier.pid, SIGKILL);
  while (waitpid(verifier.pid, NULL, 0) == -1 && errno == EINTR) continue;
  verifier.pid = 0;
  errno = saved;
}

/* One that cannot be watched would be forgotten, and another started beside it. */
static void start_verifier(void) {
  verifier.started_us = clock_boot_us(&clock_system);
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) run_verifier(parent);
  verifier.pid = pid > 0 ? pid : 0;
  verifier.pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
  if (verifier.pidfd >= 0) return;
  if (pid > 0) kill_verifier();
  lengthen_pause();
  log_say_errno(&out, "owl-rspawn", pid > 0 ? "unable to watch" : "unable to fork",
                text_of(" the process that answers questions about recipients"));
}

/* One that ran for long is started again soon, one that cannot run less and
 * less often. */
static int until_restart_ms(void) {
  return verifier.pidfd >= 0 ? -1 : until_ms(verifier.started_us + verifier.pause_s * 1000000u);
}

static int sooner_ms(int a, int b) {
  if (a == -1 || b == -1) return a == -1 ? b : a;
  return a < b ? a : b;
}

/* A SIGHUP between the last look at is_hung_up and poll() ends no wait: so none is longer than
 * what a test that has had no answer waits for the next one. */
static int wait_ms(void) { return sooner_ms(RETEST_S * 1000, sooner_ms(until_restart_ms(), until_retest_ms())); }

static void verifier_ended(void) {
  bool ran = clock_boot_us(&clock_system) > verifier.started_us + RESTART_MAX_S * 1000000u;
  verifier.pid = 0;
  close(verifier.pidfd);
  verifier.pidfd = -1;
  if (ran) verifier.pause_s = RESTART_MIN_S;
  else lengthen_pause();
}

static void end_verifier(void) {
  if (verifier.pid == 0) return;
  kill(verifier.pid, SIGKILL);
  if (verifier.pidfd >= 0) (void)io_wait(verifier.pidfd, POLLIN, IO_FOREVER);
}

/* false: the runner has gone */
static bool take_frames(struct frame_reader *reader) {
  struct frame f;
  for (;;) switch (frame_poll(reader, RUNNER, &f)) {
    case FRAME_READY: take(&f); break;
    case FRAME_AGAIN: return true;
    case FRAME_EOF: return false;
    case FRAME_MALFORMED: die("unable to understand the runner"); break;
    case FRAME_ERROR: die_system("unable to read from the runner"); break;
    }
}

static void serve(void) {
  struct frame_reader reader = {.protocol = &agent_protocol};
  for (;;) {
    if (until_retest_ms() == 0) start_dnssec_test();
    if (until_restart_ms() == 0) start_verifier();
    struct pollfd p[] = {{RUNNER, POLLIN, 0}, {verifier.pidfd, POLLIN, 0}, {dnssec_finding, POLLIN, 0}};
    if (poll(p, 3, wait_ms()) == -1) {
      if (errno != EINTR) die_system("unable to poll");
      continue;
    }
    if (p[2].revents) take_finding();
    if (p[1].revents) verifier_ended();
    if (p[0].revents && !take_frames(&reader)) break;
  }
  frame_reader_free(&reader);
}

int main(void) {
  fill_standard_descriptors();
  signal(SIGPIPE, SIG_IGN);
  if (program_path(&program, "owl-remote") == -1) die("out of memory");
  signal(SIGCHLD, SIG_IGN); /* nobody asks how a worker ended: the kernel reaps it */
  (void)unsetenv(DNSSEC_VARIABLE);
  start_dnssec_test();
  signal(SIGHUP, pass_on);
  launch.program = program.s;
  make_deadlist();
  serve();
  end_verifier();
  stralloc_free(&program);
  return 0;
}
