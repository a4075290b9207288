#include "config.h"
#include "remote/outside.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/sandbox.h"

enum { CANNOT_RUN = 111 };

static _Noreturn void become(const struct outside *o, int out) {
  static const int keep[] = {0, 1, 2};
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGCHLD, SIG_DFL);
  signal(SIGHUP, SIG_DFL);
  bool ready = setsid() != -1 && lseek(o->message, 0, SEEK_SET) == 0 && dup2(o->message, 0) != -1 &&
               dup2(out, 1) != -1;
  if (ready) {
    sandbox_close_others(keep, 3);
    execv(o->arguments[0], o->arguments);
  }
  _exit(CANNOT_RUN);
}

/* true: it has ended by itself */
static bool wait_for_end(int pidfd, int runner) {
  struct pollfd p[] = {{pidfd, POLLIN, 0}, {runner, 0, 0}};
  int n;
  do n = poll(p, 2, -1);
  while (n == -1 && errno == EINTR);
  return n > 0 && p[0].revents;
}

static int await(pid_t pid, int runner) {
  int status = 0, pidfd = pidfd_open(pid, 0);
  bool ended = pidfd >= 0 && wait_for_end(pidfd, runner);
  if (!ended && kill(-pid, SIGKILL) == -1) kill(pid, SIGKILL); /* no group before its setsid() */
  while (waitpid(pid, &status, 0) == -1)
    if (errno != EINTR) ended = false, status = 1;
  if (pidfd >= 0) close(pidfd);
  return ended && WIFEXITED(status) ? WEXITSTATUS(status) : OUTSIDE_NOT_RUN;
}

int outside_run(const struct outside *o, int *out) {
  int code = OUTSIDE_NOT_RUN;
  *out = memfd_create("said", MFD_CLOEXEC);
  if (*out == -1) return code;
  pid_t pid = fork();
  if (pid == 0) become(o, *out);
  if (pid > 0) code = await(pid, o->runner);
  (void)lseek(*out, 0, SEEK_SET);
  return code;
}

int outside_message(const struct agent_job *job, int fd) {
  if (fd >= 0) return fd;
  int copy = memfd_create("message", MFD_CLOEXEC);
  if (copy == -1 || io_write_all(copy, job->content.s, job->content.len, IO_FOREVER) == 0) return copy;
  int saved = errno;
  close(copy);
  return errno = saved, -1;
}
