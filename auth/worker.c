#include "config.h"
#include "auth/worker.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "auth/admit.h"
#include "lib/iofd.h"

/* What others' questions left in this copy of the memory is of no use to
 * programs: they are exec'd.  Descriptors are: they are closed. */
static _Noreturn void work(const struct links *l, const struct link *k, int pipe) {
  struct reply r = {0};
  stralloc payload = {0};
  sigset_t none;
  setpgid(0, 0);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGTERM, SIG_DFL);
  close(l->listener);
  for (size_t i = 0; i < LINKS_MAX; i++)
    if (l->list[i].fd >= 0) close(l->list[i].fd);
  alarm((unsigned)l->settings->limit_s + 1); /* should the parent not live to kill it */
  backend_answer(l->settings, l->remembered, &k->question, l->log, &r);
  admit(&r, l->pass_key, &k->question.request);
  if (credential_put_answer(&payload, &r.answer) == 0) (void)io_write_all(pipe, payload.s, payload.len, IO_FOREVER);
  _exit(0);
}

int worker_start(const struct links *l, struct link *k) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) == -1) return -1;
  (void)io_set_nonblocking(ends[0]);
  k->worker = fork();
  if (k->worker == 0) work(l, k, ends[1]);
  int error = errno;
  close(ends[1]);
  if (k->worker == -1) {
    k->worker = 0;
    close(ends[0]);
    return errno = error, -1;
  }
  (void)setpgid(k->worker, k->worker);
  k->pipe = ends[0];
  return 0;
}

/* Before it is waited for: until then its number is nobody else's. */
void worker_end(struct link *k) {
  if (k->worker <= 0) return;
  if (kill(-k->worker, SIGKILL) == -1) (void)kill(k->worker, SIGKILL);
  while (waitpid(k->worker, NULL, 0) == -1 && errno == EINTR) continue;
  close(k->pipe);
  k->worker = 0;
  k->pipe = -1;
}

int worker_read(struct link *k, struct credential_answer *a) {
  if (!stralloc_readyplus(&k->payload, WORKER_ANSWER_MAX)) return -1;
  ssize_t n = read(k->pipe, k->payload.s + k->payload.len, WORKER_ANSWER_MAX - k->payload.len);
  if (n == -1 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (n > 0) k->payload.len += (size_t)n;
  if (n > 0 && k->payload.len < WORKER_ANSWER_MAX) return 0;
  return n == 0 && credential_read_answer(a, text_of_stralloc(&k->payload)) == 0 ? 1 : -1;
}
