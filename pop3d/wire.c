#include "config.h"
#include "pop3d/wire.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/iowait.h"

/* It blocks, and the kernel ends that. */
static bool set_limit(int fd, int what, int limit_ms) {
  struct timeval limit = {.tv_sec = limit_ms / 1000, .tv_usec = limit_ms % 1000 * 1000};
  int flags = fcntl(fd, F_GETFL);
  return flags != -1 && !(flags & O_NONBLOCK) && setsockopt(fd, SOL_SOCKET, what, &limit, sizeof limit) == 0;
}

void wire_begin(struct wire *w, int in, int out, int limit_ms) {
  io_send_at_once(out);
  *w = (struct wire){.in = in, .out = out, .limit_ms = limit_ms};
  w->is_timed = set_limit(in, SO_RCVTIMEO, limit_ms) && set_limit(out, SO_SNDTIMEO, limit_ms);
}

/* A read or write with a limit of the kernel's is not begun again by itself where the process was stopped. */
static bool was_interrupted(ssize_t result) { return result == -1 && errno == EINTR; }

static int error(void) {
  if (errno == EAGAIN || errno == EWOULDBLOCK) errno = ETIMEDOUT;
  return -1;
}

ssize_t wire_read(const struct wire *w, void *to, size_t size) {
  if (!w->is_timed) return io_read(w->in, to, size, w->limit_ms);
  ssize_t got;
  do got = read(w->in, to, size);
  while (was_interrupted(got));
  return got == -1 ? error() : got;
}

int wire_write(const struct wire *w, const char *octets, size_t len) {
  if (!w->is_timed) return io_write_all(w->out, octets, len, w->limit_ms);
  while (len > 0) {
    ssize_t n = write(w->out, octets, len);
    if (was_interrupted(n)) continue;
    if (n == -1) return error();
    octets += n;
    len -= (size_t)n;
  }
  return 0;
}
