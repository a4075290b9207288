#include "config.h"
#include "listen/birth.h"
#include <signal.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "lib/sandbox.h"
#include "listen/service.h"

/* Those that end a session stay blocked until it has its own handlers. */
static void reset_signals(void) {
  signal(SIGHUP, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  signal(SIGUSR2, SIG_DFL);
}

static void live(const struct birth *b) {
  static const int kept[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  if (dup2(b->fd, STDIN_FILENO) == -1 || dup2(b->fd, STDOUT_FILENO) == -1) _exit(TOOL_SYSTEM);
  if (strain_protect(b->strain) == -1 || sessions_hide(b->sessions) == -1) _exit(TOOL_SYSTEM);
  sandbox_close_others(kept, sizeof kept / sizeof kept[0]);
  reset_signals();
  _exit(listen_service.serve(b->place));
}

pid_t birth(const struct birth *b) {
  pid_t pid = _Fork(); /* what fork() does for threads dirties pages */
  if (pid == 0) live(b);
  return pid;
}
