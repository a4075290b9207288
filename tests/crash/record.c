/* record - runs a command and writes down what owlpost's programs in it do to
 * a folder (tests/crash/trace.h says how)
 *
 * usage: record [-n] [-k PROGRAM:N] FOLDER TRACE COMMAND [ARGUMENT...]
 *
 * -n: the file system has no unnamed files (O_TMPFILE fails).  -k: the
 * program is killed before its N-th call that changes the folder.  The exit code is the
 * command's.  For tests only; follows static programs and, as root, set-id
 * ones.
 */
#include "config.h"
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/crash/calls.h"
#include "tests/crash/trace.h"

static void die(const char *what) {
  fprintf(stderr, "record: unable to %s: %s\n", what, strerror(errno));
  exit(111);
}

static void die_usage(void) {
  fputs("usage: record [-n] [-k PROGRAM:N] FOLDER TRACE COMMAND [ARGUMENT...]\n", stderr);
  exit(100);
}

static const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                            PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;

/* It begins when we hold it: the pipe's end. */
static pid_t start(char **command) {
  int ends[2];
  char octet;
  if (pipe(ends) == -1) die("make a pipe");
  pid_t pid = fork();
  if (pid == -1) die("fork");
  if (pid == 0) {
    close(ends[1]);
    if (read(ends[0], &octet, 1) == 0) close(ends[0]);
    execvp(command[0], command);
    die("start the command");
  }
  close(ends[0]);
  if (ptrace(PTRACE_SEIZE, pid, NULL, options) == -1) die("follow the command");
  close(ends[1]);
  return pid;
}

static void at_call(struct tracee *t) {
  struct __ptrace_syscall_info info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof info, &info) <= 0) info.op = PTRACE_SYSCALL_INFO_NONE;
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    memset(&t->call, 0, offsetof(struct call, path));
    t->call.number = (long)info.entry.nr;
    for (int i = 0; i < 6; i++) t->call.args[i] = info.entry.args[i];
    t->in_call = true;
    tracee_enter(t);
    return;
  }
  if (info.op == PTRACE_SYSCALL_INFO_EXIT && t->in_call) calls_after(t, info.exit.rval);
  tracee_leave(t);
  tracee_resume(t, 0);
}

static void at_exit(struct tracee *t) {
  unsigned long status = 0;
  (void)ptrace(PTRACE_GETEVENTMSG, t->pid, NULL, &status);
  if (t->watched && t->pid == t->process)
    trace_event(t, "exit", "%d", WIFEXITED((int)status) ? WEXITSTATUS((int)status) : -1);
  tracee_leave(t);
}

static void at_event(struct tracee *t, int event, int signal_number) {
  if (event == PTRACE_EVENT_EXEC) tracee_identify(t);
  if (event == PTRACE_EVENT_EXIT) at_exit(t);
  bool stopped = signal_number == SIGSTOP || signal_number == SIGTSTP || signal_number == SIGTTIN ||
                 signal_number == SIGTTOU;
  if (event == PTRACE_EVENT_STOP && stopped) (void)ptrace(PTRACE_LISTEN, t->pid, NULL, NULL);
  else tracee_resume(t, 0);
}

static void at_stop(pid_t pid, int status) {
  struct tracee *t = tracee_find(pid);
  int signal_number = WSTOPSIG(status), event = status >> 16;
  if (!t) die("remember a process");
  if (signal_number == (SIGTRAP | 0x80)) at_call(t);
  else if (event) at_event(t, event, signal_number);
  else tracee_resume(t, signal_number);
}

static int follow(pid_t command) {
  int status, code = 111;
  for (;;) {
    pid_t pid = waitpid(-1, &status, __WALL);
    if (pid == -1 && errno == EINTR) continue;
    if (pid == -1) return code; /* nobody is left */
    if (WIFSTOPPED(status)) {
      at_stop(pid, status);
      continue;
    }
    tracee_forget(pid);
    if (pid == command) code = WIFEXITED(status) ? WEXITSTATUS(status) : 111;
  }
}

static void kill_at(char *what) {
  char *colon = strchr(what, ':');
  if (!colon) die_usage();
  *colon = 0;
  tracee_kill_at(what, strtoul(colon + 1, NULL, 10));
}

int main(int argc, char **argv) {
  char root[PATH_MAX];
  int option;
  while ((option = getopt(argc, argv, "+nk:")) != -1) switch (option) {
    case 'n': calls_deny_unnamed(); break;
    case 'k': kill_at(optarg); break;
    default: die_usage();
    }
  argv += optind;
  if (argc - optind < 3) die_usage();
  if (!realpath(argv[0], root)) die("find the folder");
  if (trace_open(argv[1], root) == -1) die("write the trace");
  int code = follow(start(argv + 2));
  if (trace_close() == -1) die("write the trace");
  return code;
}
