#include "config.h"
#include "local/attendant.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/exitcode.h"

enum { RESTART_MIN_S = 1, RESTART_MAX_S = 64, SECOND_US = 1000000 };

static uint64_t now_us(void) { return clock_boot_us(&clock_system); }

static _Noreturn void run(const struct attendant *a, int signals, pid_t parent) {
  /* it must not outlive its parent: the next one wants the socket */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != parent) _exit(TOOL_SYSTEM);
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing == -1 || dup2(nothing, 0) == -1) _exit(TOOL_SYSTEM);
  close(signals);
  a->run();
  _exit(TOOL_SYSTEM);
}

int attendant_start(struct attendant *a, int signals) {
  pid_t parent = getpid();
  if (a->pause_s == 0) a->pause_s = RESTART_MIN_S;
  a->due_us = now_us() + a->pause_s * SECOND_US;
  a->pid = fork();
  if (a->pid == 0) run(a, signals, parent);
  if (a->pid > 0) return 0;
  a->pid = 0;
  return -1;
}

bool attendant_note_end(struct attendant *a, pid_t pid) {
  if (!a->pid || pid != a->pid) return false;
  a->pid = 0;
  /* one that ran for long is started again at once, one that cannot run less
   * and less often */
  if (now_us() > a->due_us + (uint64_t)RESTART_MAX_S * SECOND_US) a->pause_s = RESTART_MIN_S;
  else if (a->pause_s < RESTART_MAX_S) a->pause_s *= 2;
  return true;
}

int attendant_due_ms(const struct attendant *a) {
  uint64_t now = now_us();
  if (!a->run || a->pid) return -1;
  return a->due_us <= now ? 0 : (int)((a->due_us - now) / 1000u) + 1;
}

void attendant_end(struct attendant *a) {
  if (!a->pid) return;
  kill(a->pid, SIGKILL);
  while (waitpid(a->pid, NULL, 0) == -1 && errno == EINTR) continue;
  a->pid = 0;
}
