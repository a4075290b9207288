#include "config.h"
#include "local/signals.h"
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int signals_open(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigaddset(&set, SIGHUP);
  /* an ignored SIGCHLD, inherited, would take the children's exit codes away */
  signal(SIGCHLD, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  if (sigprocmask(SIG_BLOCK, &set, NULL) == -1) return -1;
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int signals_read(int fd) {
  struct signalfd_siginfo info;
  int set = 0;
  while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
    set |= info.ssi_signo == SIGCHLD ? SIGNALS_CHILD : SIGNALS_HUP;
  return set;
}

void signals_release(void) {
  sigset_t none;
  sigemptyset(&none);
  for (int n = 1; n < SIGRTMIN; n++) signal(n, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
}
