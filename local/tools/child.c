#include "config.h"
#include "local/tools/child.h"
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "local/tools/complaint.h"

/* What trying again later does not change. */
static bool is_for_good(int error) {
  switch (error) {
  case ENOENT:
  case EACCES:
  case ENOTDIR:
  case ENOEXEC:
  case EISDIR:
  case ELOOP:
  case ENAMETOOLONG:
  case EPERM:
  case E2BIG: return true;
  default: return false;
  }
}

static _Noreturn void become(char *const *arguments, int input) {
  signal(SIGPIPE, SIG_DFL);
  if (input != 0 && dup2(input, 0) == -1) _exit(DELIVERY_DEFERRAL);
  if (input != 0) close(input);
  execvp(arguments[0], arguments);
  _exit(is_for_good(errno) ? DELIVERY_FAILURE : DELIVERY_DEFERRAL);
}

pid_t child_start(char *const *arguments, int input) {
  signal(SIGCHLD, SIG_DFL); /* where it is ignored, exit codes are lost */
  pid_t pid = fork();
  if (pid == 0) become(arguments, input);
  return pid;
}

int child_wait(pid_t pid) {
  int status;
  pid_t r;
  do r = waitpid(pid, &status, 0);
  while (r == -1 && errno == EINTR);
  if (r == -1) return CHILD_LOST;
  return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_CRASHED;
}

static enum child_answer defer(const char *program, const char *why) {
  complain(program, why, TEXT_ABSENT);
  return CHILD_DEFERRED;
}

enum child_answer child_ask(const char *program, char *const *arguments) {
  pid_t pid = child_start(arguments, 0);
  if (pid == -1) {
    complain_errno(program, "unable to fork", "");
    return CHILD_DEFERRED;
  }
  switch (child_wait(pid)) {
  case CHILD_LOST: return defer(program, "wait failed");
  case CHILD_CRASHED: return defer(program, "child crashed");
  case DELIVERY_DEFERRAL: return defer(program, "temporary child error");
  case DELIVERY_OK: return CHILD_YES;
  default: return CHILD_NO;
  }
}
