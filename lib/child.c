#include "config.h"
#include "lib/child.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/iowait.h"

/* true: it has ended by itself */
static bool wait_for_end(int pidfd, int limit_ms, int beside) {
  struct pollfd p[] = {{pidfd, POLLIN, 0}, {beside, 0, 0}};
  uint64_t deadline = io_deadline(limit_ms);
  int n;
  do n = poll(p, 2, io_remaining_ms(deadline));
  while (n == -1 && errno == EINTR);
  return n > 0 && p[0].revents;
}

int child_await(pid_t pid, int limit_ms, int beside) {
  int status = 0, pidfd = pidfd_open(pid, 0);
  bool ended = pidfd >= 0 && wait_for_end(pidfd, limit_ms, beside);
  if (!ended && kill(-pid, SIGKILL) == -1) kill(pid, SIGKILL); /* no group before its setsid() */
  while (waitpid(pid, &status, 0) == -1)
    if (errno != EINTR) ended = false, status = 1;
  if (pidfd >= 0) close(pidfd);
  return ended && WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_NO_CODE;
}
