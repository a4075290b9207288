#include "config.h"
#include "lib/iofd.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>
#include "lib/clock.h"

static int remaining_ms(int limit_ms, uint64_t end_us) {
  uint64_t now = clock_boot_us(&clock_system);
  if (limit_ms < 0) return -1;
  return now >= end_us ? 0 : (int)((end_us - now + 999) / 1000);
}

static uint64_t end_of(int limit_ms) {
  return limit_ms < 0 ? 0 : clock_boot_us(&clock_system) + (uint64_t)limit_ms * 1000u;
}

int io_wait(int fd, short events, int limit_ms) {
  struct pollfd p = {fd, events, 0};
  uint64_t end = end_of(limit_ms);
  for (;;) {
    int r = poll(&p, 1, remaining_ms(limit_ms, end));
    if (r > 0) return 0;
    if (r == 0) return errno = ETIMEDOUT, -1;
    if (errno != EINTR) return -1;
  }
}

static bool would_block(void) { return errno == EAGAIN || errno == EWOULDBLOCK; }

ssize_t io_read(int fd, void *to, size_t size, int limit_ms) {
  for (;;) {
    if (limit_ms >= 0 && io_wait(fd, POLLIN, limit_ms) == -1) return -1;
    ssize_t r = read(fd, to, size);
    if (r >= 0) return r;
    if (errno == EINTR) continue;
    if (!would_block()) return -1;
    if (limit_ms < 0 && io_wait(fd, POLLIN, limit_ms) == -1) return -1;
  }
}

int io_write_all(int fd, const void *octets, size_t len, int limit_ms) {
  const char *p = octets;
  uint64_t end = end_of(limit_ms);
  while (len) {
    if (limit_ms >= 0 && io_wait(fd, POLLOUT, remaining_ms(limit_ms, end)) == -1) return -1;
    ssize_t w = write(fd, p, len);
    if (w >= 0) {
      p += w;
      len -= (size_t)w;
    } else if (would_block()) {
      if (limit_ms < 0 && io_wait(fd, POLLOUT, limit_ms) == -1) return -1;
    } else if (errno != EINTR)
      return -1;
  }
  return 0;
}

int io_slurp(int fd, stralloc *out, size_t max, int limit_ms) {
  size_t start = out->len;
  uint64_t end = end_of(limit_ms);
  for (;;) {
    if (!stralloc_readyplus(out, 4096)) return errno = ENOMEM, -1;
    ssize_t r = io_read(fd, out->s + out->len, 4096, remaining_ms(limit_ms, end));
    if (r <= 0) return (int)r;
    out->len += (size_t)r;
    if (out->len - start > max) return errno = EFBIG, -1;
  }
}

int io_pread_all(int fd, void *to, size_t len, off_t offset) {
  char *p = to;
  while (len) {
    ssize_t r = pread(fd, p, len, offset);
    if (r == 0) return errno = EIO, -1;
    if (r < 0 && errno == EINTR) continue;
    if (r < 0) return -1;
    p += r;
    offset += r;
    len -= (size_t)r;
  }
  return 0;
}

int io_set_nonblocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags == -1 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int io_set_cloexec(int fd) { return fcntl(fd, F_SETFD, FD_CLOEXEC); }
