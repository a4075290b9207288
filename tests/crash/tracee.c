#include "config.h"
#include "tests/crash/tracee.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>
#include "tests/crash/calls.h"

static struct tracee *first;
static struct tracee *inside; /* whose call changes the folder just now */
static const char *program_to_kill;
static unsigned long calls_until_kill;

void tracee_kill_at(const char *program, unsigned long n) {
  program_to_kill = program;
  calls_until_kill = n;
}

struct tracee *tracee_find(pid_t pid) {
  for (struct tracee *t = first; t; t = t->next)
    if (t->pid == pid) return t;
  struct tracee *t = calloc(1, sizeof *t);
  if (!t) return NULL;
  t->pid = pid;
  t->next = first;
  first = t;
  tracee_identify(t);
  return t;
}

void tracee_forget(pid_t pid) {
  for (struct tracee **link = &first; *link; link = &(*link)->next) {
    struct tracee *t = *link;
    if (t->pid != pid) continue;
    tracee_leave(t);
    *link = t->next;
    free(t);
    return;
  }
}

static pid_t process_of(pid_t pid) {
  char path[64], line[256];
  long process = pid;
  snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
  FILE *f = fopen(path, "re");
  while (f && fgets(line, sizeof line, f) && strncmp(line, "Tgid:", 5) != 0) {}
  if (f && strncmp(line, "Tgid:", 5) == 0) process = strtol(line + 5, NULL, 10);
  if (f) fclose(f);
  return (pid_t)process;
}

void tracee_identify(struct tracee *t) {
  char path[64], target[PATH_SPACE];
  t->process = process_of(t->pid);
  snprintf(path, sizeof path, "/proc/%ld/exe", (long)t->pid);
  ssize_t n = readlink(path, target, sizeof target - 1);
  target[n > 0 ? n : 0] = 0;
  const char *slash = strrchr(target, '/');
  snprintf(t->program, sizeof t->program, "%.60s", slash ? slash + 1 : target);
  t->watched = strncmp(t->program, "owl-", 4) == 0;
}

void tracee_resume(const struct tracee *t, int signal_number) {
  /* it fails only for who was killed meanwhile, and that is seen by wait() */
  (void)ptrace(t->watched ? PTRACE_SYSCALL : PTRACE_CONT, t->pid, NULL, (long)signal_number);
}

static void kill_in_time(const struct tracee *t) {
  if (!calls_until_kill || !t->call.alone || strcmp(t->program, program_to_kill) != 0) return;
  if (--calls_until_kill == 0) (void)kill(t->pid, SIGKILL);
}

/* Looks at the folder each time: who was held finds it changed. */
void tracee_enter(struct tracee *t) {
  calls_before(t);
  t->held = t->call.alone && inside;
  if (t->held) return;
  if (t->call.alone) inside = t;
  kill_in_time(t);
  tracee_resume(t, 0);
}

void tracee_leave(struct tracee *t) {
  t->held = false;
  t->in_call = false;
  if (inside != t) return;
  inside = NULL;
  for (struct tracee *other = first; other && !inside; other = other->next)
    if (other->held) tracee_enter(other);
}
