#include "config.h"
#include "lib/parting.h"
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/sandbox.h"
#include "lib/unixsock.h"

enum { LOG_FD = 2, WORDS_OCTETS = 100 };

int parting_open(struct parting *p) {
  int doors[2];
  if (unixsock_pair(doors) == -1) return -1;
  p->door = doors[0];
  p->has_door = 1;
  if (p->is_ending) shutdown(p->door, SHUT_RD);
  return doors[1];
}

void parting_catch(parting_handler *on_term, parting_handler *on_drain, parting_handler *on_alarm) {
  struct sigaction term = {.sa_handler = on_term, .sa_flags = SA_RESTART};
  struct sigaction drain = {.sa_handler = on_drain, .sa_flags = SA_RESTART};
  struct sigaction alarm_clock = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  sigset_t none;
  sigemptyset(&none);
  sigaction(SIGTERM, &term, NULL);
  sigaction(SIGUSR1, &drain, NULL);
  sigaction(SIGALRM, &alarm_clock, NULL);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

pid_t parting_fork(struct parting *p, int theirs) {
  /* fork()'s handlers and locks would dirty pages of both: there are no threads */
  pid_t pid = _Fork();
  if (pid == 0) return 0;
  p->half = pid;
  if (pid > 0) close(theirs);
  return pid;
}

bool parting_wants_end(struct parting *p) {
  p->is_ending = 1;
  if (p->has_door) shutdown(p->door, SHUT_RD);
  return p->has_door;
}

void parting_kill(const struct parting *p) { kill(p->half, SIGKILL); }

int parting_end(struct parting *p, unsigned limit_s) {
  int status = 0;
  p->has_door = 0;
  close(p->door);
  if (limit_s) alarm(limit_s);
  else parting_kill(p);
  while (waitpid(p->half, &status, 0) == -1 && errno == EINTR) continue;
  alarm(0);
  return status;
}

const char *parting_explain(int status, const char *before, const char *(*explain)(int code)) {
  static char words[WORDS_OCTETS];
  if (WIFEXITED(status)) snprintf(words, sizeof words, "%s%s", before, explain(WEXITSTATUS(status)));
  else snprintf(words, sizeof words, "%stalker killed by signal %d", before, WTERMSIG(status));
  return words;
}

int parting_take_door(int theirs, int in, int out, int *log_fd) {
  *log_fd = fcntl(LOG_FD, F_DUPFD_CLOEXEC, LOG_FD + 1);
  int door = SANDBOX_SANITIZED ? theirs : dup3(theirs, LOG_FD, O_CLOEXEC);
  if (door == -1) return -1;
  int keep[] = {in, out, LOG_FD, door, *log_fd};
  sandbox_close_others(keep, sizeof keep / sizeof keep[0]);
  signal(SIGTERM, SIG_IGN);
  signal(SIGUSR1, SIG_IGN);
  return door;
}

bool parting_suits_kernel(bool may_lack_seccomp, void (*tell)(const char *weakness)) {
  if (!sandbox_has_landlock()) tell("talker without Landlock, which the kernel does not have");
  if (sandbox_has_seccomp()) return true;
  if (may_lack_seccomp) tell("talker without seccomp, which the kernel does not have: allowunfenced is set");
  return may_lack_seccomp;
}
