/* fault - runs a command and lets system calls of its programs fail
 *
 * usage: fault ORDERS ROOT LOG PROGRAM[,PROGRAM...] COMMAND [ARGUMENT...]
 *
 * Follows all processes that come of COMMAND.  Each call that a fault can be put
 * into (calls.c), of a process that runs one of the PROGRAMs, gets a line in LOG:
 *
 *     call PROGRAM CALL OBJECT
 *
 * A child that has not become another program has a "+" behind its name.  Orders
 * are lines on the descriptor ORDERS, seen before the next call:
 *
 *     arm PROGRAM CALL OBJECT NTH COUNT ERRNO
 *     disarm
 *
 * From then on the NTHth such call and those behind it, COUNT in all, fail with
 * that error (ERRNO 0: the call is done in part: a short write or read), and LOG
 * gets the same line with "fault" for "call".  A close that fails closes; a brk
 * that fails leaves the break where it was.  For tests only, x86-64 only.
 */
#include "config.h"
#ifndef __x86_64__
#include <stdio.h>

int main(void) {
  fprintf(stderr, "fault: knows the calls of x86-64 only\n");
  return 100;
}
#else
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/faults/calls.h"

enum { TRACEES_MAX = 512, ARMS_MAX = 4, NAME_SPACE = 32 };

struct arm {
  char program[NAME_SPACE], call[NAME_SPACE], object[OBJECT_SPACE];
  int wait, count, error; /* calls to let pass; calls to let fail */
};

struct tracee {
  pid_t pid;
  char program[NAME_SPACE];
  bool chosen;
  bool early; /* it stopped before its parent's fork was seen, and is waiting */
  bool changed, fails;           /* the call under way */
  struct user_regs_struct began; /* as it came */
  long result;
};

static struct tracee tracees[TRACEES_MAX];
static struct arm arms[ARMS_MAX];
static size_t arm_count;
static int orders_fd;
static const char *root, *programs;
static FILE *record;
static volatile pid_t first;

static void die(const char *what) {
  fprintf(stderr, "fault: unable to %s: %s\n", what, strerror(errno));
  exit(111);
}

static void pass_on(int number) { kill(first, number); }

/* ---- orders */

static void take_order(char *line) {
  struct arm a;
  if (strcmp(line, "disarm") == 0) arm_count = 0;
  if (sscanf(line, "arm %31s %31s %511s %d %d %d", a.program, a.call, a.object, &a.wait, &a.count, &a.error) != 6)
    return;
  a.wait--;
  if (arm_count < ARMS_MAX) arms[arm_count++] = a;
}

static void take_orders(void) {
  static char orders[8192];
  static size_t len;
  struct pollfd p = {orders_fd, POLLIN, 0};
  while (poll(&p, 1, 0) == 1 && p.revents & POLLIN) {
    ssize_t n = read(orders_fd, orders + len, sizeof orders - 1 - len);
    if (n <= 0) return;
    len += (size_t)n;
    orders[len] = 0;
    for (char *end; (end = strchr(orders, '\n'));) {
      *end = 0;
      take_order(orders);
      len -= (size_t)(end + 1 - orders);
      memmove(orders, end + 1, len + 1);
    }
  }
}

static bool fires(struct arm *a, const struct tracee *t, const struct call *c, const char *object) {
  if (a->count == 0 || strcmp(a->program, t->program) != 0 || strcmp(a->call, c->name) != 0 ||
      strcmp(a->object, object) != 0)
    return false;
  if (a->wait > 0) return a->wait--, false;
  return a->count--, true;
}

/* ---- one call */

static void make_short(struct user_regs_struct *r, const struct call *c) {
  if (c->length == -1) return;
  unsigned long long *length = call_argument(r, c->length);
  if (*length > 1) *length /= 2;
}

/* A filter may end a process for a call that is none, but not for closing what
 * is not open. */
static void put_fault(struct tracee *t, const struct call *c, struct user_regs_struct *r, int error) {
  t->began = *r;
  t->changed = true;
  if (error == 0) make_short(r, c);
  else if (c->number == SYS_brk) r->rdi = 0;
  else {
    t->fails = true;
    t->result = -error;
    if (c->number != SYS_close) r->orig_rax = SYS_close, r->rdi = (unsigned long long)-1;
  }
  if (ptrace(PTRACE_SETREGS, t->pid, NULL, r) == -1) die("change a call");
}

static void call_begins(struct tracee *t) {
  struct user_regs_struct r;
  char object[OBJECT_SPACE];
  if (ptrace(PTRACE_GETREGS, t->pid, NULL, &r) == -1) return;
  const struct call *c = call_find((long)r.orig_rax);
  if (!c) return;
  call_describe(object, t->pid, c, &r, root);
  for (char *p = object; *p; p++)
    if (*p == ' ') *p = '_';
  take_orders();
  const char *what = "call";
  for (size_t i = 0; i < arm_count && !t->changed; i++)
    if (fires(&arms[i], t, c, object)) put_fault(t, c, &r, arms[i].error), what = "fault";
  fprintf(record, "%s %s %s %s\n", what, t->program, c->name, object);
  fflush(record);
}

static void call_ends(struct tracee *t) {
  struct user_regs_struct r;
  if (!t->changed) return;
  if (ptrace(PTRACE_GETREGS, t->pid, NULL, &r) == -1) return;
  if (t->fails) r.rax = (unsigned long long)t->result;
  r.rdi = t->began.rdi;
  r.rdx = t->began.rdx;
  r.r10 = t->began.r10;
  t->changed = t->fails = false;
  ptrace(PTRACE_SETREGS, t->pid, NULL, &r);
}

/* ---- processes */

static struct tracee *find(pid_t pid) {
  for (size_t i = 0; i < TRACEES_MAX; i++)
    if (tracees[i].pid == pid) return &tracees[i];
  return NULL;
}

static struct tracee *take(pid_t pid) {
  struct tracee *t = find(pid);
  if (t) return t;
  t = find(0);
  if (!t) errno = ENOMEM, die("follow a process");
  *t = (struct tracee){.pid = pid};
  return t;
}

static void choose(struct tracee *t) {
  size_t len = strlen(t->program);
  t->chosen = false;
  for (const char *p = programs; p; p = strchr(p, ','), p = p ? p + 1 : NULL)
    if (strncmp(p, t->program, len) == 0 && (p[len] == ',' || p[len] == 0)) t->chosen = true;
}

static void has_become(struct tracee *t) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/comm", (int)t->pid);
  FILE *f = fopen(path, "r");
  if (!f || !fgets(t->program, sizeof t->program, f)) t->program[0] = 0;
  if (f) fclose(f);
  t->program[strcspn(t->program, "\n")] = 0;
  choose(t);
}

static void go_on(struct tracee *t, int signal_number) {
  ptrace(t->chosen ? PTRACE_SYSCALL : PTRACE_CONT, t->pid, NULL, (void *)(long)signal_number);
}

static void has_child(const struct tracee *t) {
  unsigned long child;
  if (ptrace(PTRACE_GETEVENTMSG, t->pid, NULL, &child) == -1) return;
  struct tracee *c = take((pid_t)child);
  snprintf(c->program, sizeof c->program, "%.*s+", NAME_SPACE - 2, t->program);
  choose(c);
  if (c->early) go_on(c, 0);
  c->early = false;
}

static bool is_beginning(const struct tracee *t) {
  struct __ptrace_syscall_info info;
  return ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, (void *)sizeof info, &info) > 0 &&
         info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

static void has_stopped(struct tracee *t, int status) {
  int signal_number = WSTOPSIG(status);
  int event = status >> 16;
  if (event == PTRACE_EVENT_STOP && !t->program[0] && t->pid != first) {
    t->early = true;
    return;
  }
  if (event == PTRACE_EVENT_EXEC) has_become(t);
  else if (event && event != PTRACE_EVENT_STOP) has_child(t);
  else if (!event && signal_number == (SIGTRAP | 0x80)) {
    if (is_beginning(t)) call_begins(t);
    else call_ends(t);
  } else if (!event) {
    go_on(t, signal_number);
    return;
  }
  go_on(t, 0);
}

/* Until all are gone; the exit code is the first one's. */
static int follow(void) {
  int code = 111, status;
  for (;;) {
    pid_t pid = waitpid(-1, &status, __WALL);
    if (pid == -1 && errno == EINTR) continue;
    if (pid == -1) return code;
    if (WIFSTOPPED(status)) {
      has_stopped(take(pid), status);
      continue;
    }
    if (pid == first) code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    struct tracee *t = find(pid);
    if (t) t->pid = 0;
  }
}

static void start(char **command) {
  long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                 PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  int go[2];
  char octet = 0;
  if (pipe(go) == -1) die("make a pipe");
  first = fork();
  if (first == -1) die("fork");
  if (first == 0) {
    close(go[1]);
    if (read(go[0], &octet, 1) != 1) _exit(111);
    close(go[0]);
    execvp(command[0], command);
    _exit(111);
  }
  if (ptrace(PTRACE_SEIZE, first, NULL, (void *)options) == -1) die("trace");
  take(first);
  if (write(go[1], &octet, 1) != 1) die("start");
  close(go[0]);
  close(go[1]);
}

int main(int argc, char **argv) {
  if (argc < 6) {
    fprintf(stderr, "usage: fault ORDERS ROOT LOG PROGRAM[,PROGRAM...] COMMAND [ARGUMENT...]\n");
    return 100;
  }
  if (sscanf(argv[1], "%d", &orders_fd) != 1) die("take orders");
  if (fcntl(orders_fd, F_SETFD, FD_CLOEXEC) == -1) die("take orders");
  root = argv[2];
  record = fopen(argv[3], "ae");
  if (!record) die("open the log");
  programs = argv[4];
  signal(SIGTERM, pass_on);
  signal(SIGALRM, pass_on);
  start(argv + 5);
  return follow();
}
#endif
