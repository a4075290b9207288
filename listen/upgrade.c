#include "config.h"
#include "listen/upgrade.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/control.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "listen/report.h"

static const char variable[] = "OWLPOST_SESSIONS"; /* PID:DESCRIPTOR */

enum { CHECK_S = 20, ABOVE_SOCKETS = 3 + SOCKETS_MAX, STATE_MAX = 64 * 1024 * 1024 };

/* As it was started; by its name alone: where it is installed. */
static int find_program(stralloc *path, const char *name) {
  if (!strchr(name, '/')) return program_path(path, name);
  return stralloc_copys(path, name) && stralloc_0(path) ? 0 : -1;
}

static bool could_start(const char *path) {
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    alarm(CHECK_S);
    execl(path, path, "--check", (char *)NULL);
    report_errno(path);
    _exit(TOOL_SYSTEM);
  }
  if (pid == -1) return false;
  while (waitpid(pid, &status, 0) == -1)
    if (errno != EINTR) return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == TOOL_OK;
}

/* A descriptor with the table, open across execve(), above where the sockets
 * go; or -1. */
static int write_table(const struct sessions *s) {
  stralloc lines = {0};
  int fd = memfd_create("sessions", MFD_CLOEXEC), high = -1;
  if (fd >= 0 && sessions_save(s, &lines) == 0 && io_write_all(fd, lines.s, lines.len, IO_FOREVER) == 0 &&
      lseek(fd, 0, SEEK_SET) == 0)
    high = fcntl(fd, F_DUPFD, ABOVE_SOCKETS);
  if (fd >= 0) close(fd);
  stralloc_free(&lines);
  return high;
}

static int publish(int fd) {
  char value[64];
  snprintf(value, sizeof value, "%ld:%d", (long)getpid(), fd);
  return setenv(variable, value, 1);
}

static void execute(const char *path, char **again, struct sockets *sockets, int table) {
  if (publish(table) == 0 && sockets_bequeath(sockets) == 0) execv(path, again);
  report_errno("unable to execute the program anew");
  unsetenv(variable);
  for (size_t i = 0; i < sockets->count; i++) io_set_cloexec(sockets->fds[i]);
}

void upgrade(char **again, struct sockets *sockets, const struct sessions *sessions) {
  stralloc path = {0};
  int table = write_table(sessions);
  if (table >= 0 && find_program(&path, again[0]) == 0 && could_start(path.s)) {
    report(text_of("executing the program anew"));
    execute(path.s, again, sockets, table);
  } else
    report(text_of("the program cannot be executed anew: this one stays"));
  if (table >= 0) close(table);
  stralloc_free(&path);
}

/* The descriptor, or -1: there is none for this process. */
static int table_fd(void) {
  struct text value = text_of(getenv(variable)), pid;
  uint64_t number, fd;
  if (!text_cut(&value, ':', &pid) || text_uint(pid, &number) == -1 || number != (uint64_t)getpid()) return -1;
  return value.s && text_uint(value, &fd) == 0 && fd < 1024 ? (int)fd : -1;
}

int upgrade_restore(struct sessions *s) {
  stralloc lines = {0};
  int fd = table_fd(), r = 0;
  if (fd >= 0) {
    r = io_slurp(fd, &lines, STATE_MAX, IO_FOREVER);
    if (r == 0) r = sessions_restore(s, text_of_stralloc(&lines));
    if (r == -1) report(text_of("unable to take over the sessions"));
    close(fd);
  }
  unsetenv(variable);
  stralloc_free(&lines);
  return r;
}
