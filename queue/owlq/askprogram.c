#include "config.h"
#include "queue/owlq/askprogram.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/control.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"

static void say(stralloc *out, const char *what, const char *why) {
  if (out->len && out->s[out->len - 1] != '\n') (void)!stralloc_cats(out, "\n");
  (void)!(stralloc_cats(out, what) && stralloc_cats(out, ": ") && stralloc_cats(out, why) &&
          stralloc_cats(out, "\n"));
}

/* In the child, whose descriptor 2 is read as well. */
static _Noreturn void die(const char *what, const char *why) {
  stralloc line = {0};
  say(&line, what, why);
  (void)io_write_all(2, line.s, line.len, IO_FOREVER);
  _exit(TOOL_SYSTEM);
}

static void become(const char *user) {
  errno = 0;
  struct passwd *p = getpwnam(user);
  if (!p) die("there is no user", user);
  if (p->pw_uid == 0) die("this user must not be root", user);
  if (setgroups(1, &p->pw_gid) == -1 || setgid(p->pw_gid) == -1 || setuid(p->pw_uid) == -1)
    die("unable to become another user", strerror(errno));
}

/* A session of its own: a process of a user's must not reach root's terminal. */
static _Noreturn void run(const char *path, const char *const *arguments, const char *user,
                          int out) {
  int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing == -1 || dup2(nothing, 0) == -1 || dup2(out, 1) == -1 || dup2(out, 2) == -1)
    _exit(TOOL_SYSTEM);
  if (setsid() == -1) die("unable to leave the session", strerror(errno));
  if (user && geteuid() == 0) become(user);
  execv(path, (char *const *)(uintptr_t)arguments);
  die(path, strerror(errno));
}

static int end_of(pid_t pid) {
  int status;
  while (waitpid(pid, &status, 0) == -1)
    if (errno != EINTR) return -1;
  return status;
}

/* One that has closed its output has nothing more to say, or is ending: a user's
 * process, whose user can keep it alive, must not hold root up. */
static int take(int fd, pid_t pid, const char *name, stralloc *out) {
  bool whole = io_slurp(fd, out, out->len + ASKPROGRAM_MAX, ASKPROGRAM_MS) == 0;
  int error = errno;
  kill(pid, SIGKILL);
  int status = end_of(pid);
  if (!whole) say(out, name, error == EFBIG ? "it said too much" : strerror(error));
  else if (WIFSIGNALED(status)) say(out, name, strsignal(WTERMSIG(status)));
  else if (status != 0) say(out, name, "it ended with an error");
  return whole && status == 0 ? 0 : -1;
}

int askprogram(const char *const *arguments, const char *user, stralloc *out) {
  stralloc path = {0};
  int ends[2];
  int r = -1;
  if (program_path(&path, arguments[0]) == -1 || pipe2(ends, O_CLOEXEC) == -1) {
    say(out, arguments[0], strerror(errno));
    stralloc_free(&path);
    return -1;
  }
  pid_t pid = fork();
  if (pid == 0) run(path.s, arguments, user, ends[1]);
  close(ends[1]);
  if (pid == -1) say(out, "unable to fork", strerror(errno));
  else r = take(ends[0], pid, arguments[0], out);
  close(ends[0]);
  stralloc_free(&path);
  return r;
}
