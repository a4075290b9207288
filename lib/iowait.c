#include "config.h"
#include "lib/iowait.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { IGNORED_OCTETS = 4096 };

static uint64_t boot_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_BOOTTIME, &t);
  return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* A deadline of 0 is none. */
uint64_t io_deadline(int limit_ms) {
  return limit_ms < 0 ? 0 : boot_us() + (uint64_t)limit_ms * 1000u;
}

int io_remaining_ms(uint64_t deadline) {
  if (deadline == 0) return IO_FOREVER;
  uint64_t now = boot_us();
  return now >= deadline ? 0 : (int)((deadline - now + 999) / 1000);
}

int io_limit_ms(uint64_t seconds) {
  return seconds > (uint64_t)INT_MAX / 1000 ? INT_MAX : (int)seconds * 1000;
}

int io_wait(int fd, short events, int limit_ms) {
  struct pollfd p = {fd, events, 0};
  uint64_t deadline = io_deadline(limit_ms);
  for (;;) {
    int r = poll(&p, 1, io_remaining_ms(deadline));
    if (r > 0) return 0;
    if (r == 0) return errno = ETIMEDOUT, -1;
    if (errno != EINTR) return -1;
  }
}

/* After a failed read() or write(): whether to try again, once it may go on. */
static bool may_retry(int fd, short events, uint64_t deadline) {
  if (errno == EINTR) return true;
  if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
  return io_wait(fd, events, io_remaining_ms(deadline)) == 0;
}

ssize_t io_read(int fd, void *to, size_t size, int limit_ms) {
  uint64_t deadline = io_deadline(limit_ms);
  for (;;) {
    if (deadline && io_wait(fd, POLLIN, io_remaining_ms(deadline)) == -1) return -1;
    ssize_t r = read(fd, to, size);
    if (r >= 0 || !may_retry(fd, POLLIN, deadline)) return r;
  }
}

int io_write_all(int fd, const void *octets, size_t len, int limit_ms) {
  const char *p = octets;
  uint64_t deadline = io_deadline(limit_ms);
  while (len) {
    if (deadline && io_wait(fd, POLLOUT, io_remaining_ms(deadline)) == -1) return -1;
    ssize_t w = write(fd, p, deadline && len > PIPE_BUF ? PIPE_BUF : len);
    if (w >= 0) {
      p += w;
      len -= (size_t)w;
    } else if (!may_retry(fd, POLLOUT, deadline))
      return -1;
  }
  return 0;
}

void io_last_words(int in, int out, const void *octets, size_t len, int limit_ms) {
  char ignored[IGNORED_OCTETS];
  uint64_t deadline = io_deadline(limit_ms);
  if (io_write_all(out, octets, len, limit_ms) == -1 || shutdown(out, SHUT_WR) == -1) return;
  while (io_remaining_ms(deadline) > 0)
    if (io_read(in, ignored, sizeof ignored, io_remaining_ms(deadline)) <= 0) return;
}

int io_set_nonblocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags == -1 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

void io_send_at_once(int fd) {
  const int on = 1;
  int saved = errno;
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  errno = saved;
}

int io_set_cloexec(int fd) { return fcntl(fd, F_SETFD, FD_CLOEXEC); }
