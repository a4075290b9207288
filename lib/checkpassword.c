#include "config.h"
#include "lib/checkpassword.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/sandbox.h"

enum { SECRET_FD = 3, BESIDE_FD = 4, REFUSED = 1, NOT_RUN = 111 };

static bool put(char *to, size_t *used, struct text t) {
  if (t.len && memchr(t.s, 0, t.len)) return false;
  if (t.len + 1 > CHECKPASSWORD_OCTETS_MAX - *used) return false;
  if (t.len) memcpy(to + *used, t.s, t.len);
  to[*used + t.len] = 0;
  *used += t.len + 1;
  return true;
}

/* Less than a pipe holds, so that nobody waits for a program that does not read. */
static int make_pipe(const char *octets, size_t len) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) == -1) return -1;
  ssize_t n = write(ends[1], octets, len);
  close(ends[1]);
  if (n == (ssize_t)len) return ends[0];
  close(ends[0]);
  return errno = EIO, -1;
}

static _Noreturn void become(char *const *argv, char *const *environment, int secret, int beside) {
  int high = fcntl(secret, F_DUPFD, 10), nothing = open("/dev/null", O_RDWR);
  int other = beside == -1 ? -1 : fcntl(beside, F_DUPFD, 10);
  sigset_t none;
  if (high == -1 || nothing == -1) _exit(NOT_RUN);
  if (dup2(nothing, 0) == -1 || dup2(nothing, 1) == -1 || dup2(high, SECRET_FD) == -1) _exit(NOT_RUN);
  if (beside != -1 && dup2(other, BESIDE_FD) == -1) _exit(NOT_RUN);
  sandbox_close_others((const int[]){0, 1, 2, SECRET_FD, BESIDE_FD}, beside == -1 ? 4 : 5);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGCHLD, SIG_DFL);
  execvpe(argv[0], argv, environment);
  dprintf(2, "unable to run %s: %s\n", argv[0], strerror(errno));
  _exit(NOT_RUN);
}

enum checkpassword_status checkpassword_start(struct checkpassword *c, char *const *argv, char *const *environment,
                                              const struct text texts[3], int beside) {
  char octets[CHECKPASSWORD_OCTETS_MAX];
  size_t used = 0;
  *c = (struct checkpassword){.pid = -1, .status = -1};
  bool fits = put(octets, &used, texts[0]) && put(octets, &used, texts[1]) && put(octets, &used, texts[2]);
  int secret = fits ? make_pipe(octets, used) : -1;
  c->error = errno;
  explicit_bzero(octets, sizeof octets);
  if (!fits) return CHECKPASSWORD_WRONG;
  if (secret == -1) return CHECKPASSWORD_LATER;
  c->pid = fork();
  if (c->pid == 0) become(argv, environment, secret, beside);
  c->error = c->pid == -1 ? errno : 0;
  close(secret);
  return c->pid == -1 ? CHECKPASSWORD_LATER : CHECKPASSWORD_RIGHT;
}

enum checkpassword_status checkpassword_result(int wait_status) {
  if (!WIFEXITED(wait_status)) return CHECKPASSWORD_LATER;
  if (WEXITSTATUS(wait_status) == 0) return CHECKPASSWORD_RIGHT;
  return WEXITSTATUS(wait_status) == REFUSED ? CHECKPASSWORD_WRONG : CHECKPASSWORD_LATER;
}

enum checkpassword_status checkpassword_run(struct checkpassword *c, char *const *argv, char *const *environment,
                                            const struct text texts[3], int beside) {
  pid_t ended;
  enum checkpassword_status s = checkpassword_start(c, argv, environment, texts, beside);
  if (s != CHECKPASSWORD_RIGHT) return s;
  do ended = waitpid(c->pid, &c->status, 0);
  while (ended == -1 && errno == EINTR);
  return ended == c->pid ? checkpassword_result(c->status) : CHECKPASSWORD_LATER;
}
