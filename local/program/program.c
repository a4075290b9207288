#include "config.h"
#include "local/program/program.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/sandbox.h"
#include "local/program/text.h"
#include "local/signals.h"

enum { PIECE_OCTETS = 65536, LEFT_IN_PIPE_MAX = 1 << 20 };

struct running {
  pid_t pid;
  int pidfd, out;
  struct programtext *text;
};

static void close_one(int fd) {
  if (fd >= 0) close(fd);
}

/* The descriptors are moved out of the way first: who called us may have had
 * none of the first three. */
static _Noreturn void become_program(const struct program_order *o, int body, int out) {
  static const int keep[] = {0, 1, 2};
  char *arguments[] = {"sh", "-c", (char *)(uintptr_t)o->command, NULL};
  body = fcntl(body, F_DUPFD_CLOEXEC, 3);
  out = fcntl(out, F_DUPFD_CLOEXEC, 3);
  if (setsid() == -1 || dup2(body, 0) == -1 || dup2(out, 1) == -1 || dup2(out, 2) == -1)
    _exit(DELIVERY_DEFERRAL);
  sandbox_close_others(keep, 3);
  signals_release();
  execve("/bin/sh", arguments, o->environment);
  dprintf(2, "unable to run /bin/sh: %s\n", strerror(errno)); /* too long a command, say */
  _exit(DELIVERY_DEFERRAL);
}

/* One read, without waiting.  Octets, 0 when the pipe is closed or -1. */
static ssize_t read_some(struct running *r) {
  char piece[PIECE_OCTETS];
  ssize_t n = read(r->out, piece, sizeof piece);
  if (n > 0) programtext_add(r->text, (struct text){piece, (size_t)n});
  return n;
}

static void read_rest(struct running *r) {
  ssize_t n;
  for (size_t left = LEFT_IN_PIPE_MAX; left && (n = read_some(r)) > 0;)
    left -= (size_t)n < left ? (size_t)n : left;
}

/* False: it still runs. */
static bool await_end(struct running *r, int limit_ms) {
  struct pollfd polled[] = {{r->pidfd, POLLIN, 0}, {r->out, POLLIN, 0}};
  uint64_t deadline = io_deadline(limit_ms);
  for (;;) {
    int n = poll(polled, 2, io_remaining_ms(deadline));
    if (n == 0 || (n == -1 && errno != EINTR)) return false;
    if (n > 0 && polled[0].revents) return true;
    /* a pipe that all have closed would be readable for ever */
    if (n > 0 && polled[1].revents && read_some(r) == 0) polled[1].fd = -1;
  }
}

/* Until it is in its own session there is no such group. */
static void signal_all(const struct running *r, int number) {
  if (kill(-r->pid, number) == -1) kill(r->pid, number);
}

static void end_by_force(struct running *r) {
  signal_all(r, SIGTERM);
  signal_all(r, SIGCONT);
  (void)await_end(r, PROGRAM_GRACE_MS);
  signal_all(r, SIGKILL);
}

static int wait_for(const struct running *r) {
  int status;
  while (waitpid(r->pid, &status, 0) == -1)
    if (errno != EINTR) return 0x7f; /* like a death by an unknown signal */
  return status;
}

static int too_long(struct verdict *v, uint64_t limit_s) {
  char number[32];
  snprintf(number, sizeof number, "%llu s", (unsigned long long)limit_s);
  return verdict_defer(v, "4.3.0", "the program was ended, as it took longer than ", number);
}

/* Its words, when it has ended in time. */
static enum program_end judge(const struct program_order *o, struct running *r, stralloc *said,
                              struct verdict *v) {
  bool ended = await_end(r, o->limit_s ? io_limit_ms(o->limit_s) : IO_FOREVER);
  if (!ended) end_by_force(r);
  int status = wait_for(r);
  read_rest(r);
  if (!ended) return too_long(v, o->limit_s), PROGRAM_FAILED;
  return programtext_judge(r->text, status, said, v);
}

static int start(struct running *r, const struct program_order *o, int body) {
  int out[2];
  signal(SIGCHLD, SIG_DFL); /* where it is ignored the kernel keeps no exit code */
  if (pipe2(out, O_CLOEXEC) == -1) return -1;
  r->out = out[0];
  if (io_set_nonblocking(r->out) == 0 && (r->pid = fork()) == 0) become_program(o, body, out[1]);
  int saved = errno;
  close(out[1]);
  errno = saved;
  if (r->pid == -1) return -1;
  r->pidfd = pidfd_open(r->pid, 0);
  if (r->pidfd >= 0) return 0;
  saved = errno;
  kill(r->pid, SIGKILL);
  wait_for(r);
  return errno = saved, -1;
}

enum program_end program_run(const struct program_order *o, stralloc *said, struct verdict *v) {
  struct programtext text = {0};
  struct running r = {-1, -1, -1, &text};
  enum program_end end = PROGRAM_FAILED;
  int body = body_open(o->body);
  if (body == -1) verdict_defer_errno(v, "unable to hand the message to a program", "");
  else if (start(&r, o, body) == -1) verdict_defer_errno(v, "unable to start a program", "");
  else end = judge(o, &r, said, v);
  close_one(body);
  close_one(r.out);
  close_one(r.pidfd);
  return end;
}
