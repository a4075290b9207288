#include "config.h"
#include "remote/outside.h"
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib/child.h"
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

int outside_run(const struct outside *o, int *out) {
  int code = CHILD_NO_CODE;
  *out = memfd_create("said", MFD_CLOEXEC);
  if (*out == -1) return code;
  pid_t pid = fork();
  if (pid == 0) become(o, *out);
  if (pid > 0) code = child_await(pid, IO_FOREVER, o->runner);
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
