#include "config.h"
#include "lib/iofd.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib/clock.h"

/* A deadline of 0 is none. */
uint64_t io_deadline(int limit_ms) {
  return limit_ms < 0 ? 0 : clock_boot_us(&clock_system) + (uint64_t)limit_ms * 1000u;
}

int io_remaining_ms(uint64_t deadline) {
  if (deadline == 0) return IO_FOREVER;
  uint64_t now = clock_boot_us(&clock_system);
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

/* Most files are short, and what is read stays: a small first step keeps small
 * what processes hold that are many. */
int io_slurp(int fd, stralloc *out, size_t max, int limit_ms) {
  size_t start = out->len, step = 128;
  uint64_t deadline = io_deadline(limit_ms);
  for (;;) {
    if (!stralloc_readyplus(out, step)) return errno = ENOMEM, -1;
    ssize_t r = io_read(fd, out->s + out->len, step, io_remaining_ms(deadline));
    if (r <= 0) return (int)r;
    out->len += (size_t)r;
    if ((size_t)r == step) step = 4096;
    if (out->len - start > max) return errno = EFBIG, -1;
  }
}

int io_slurp_at(int folder_fd, const char *path, int flags, stralloc *out, size_t max) {
  int fd = openat(folder_fd, path, O_RDONLY | O_CLOEXEC | flags);
  if (fd == -1) return -1;
  int r = io_slurp(fd, out, max, IO_FOREVER), saved = errno;
  close(fd);
  return errno = saved, r;
}

int io_slurp_file(const char *path, stralloc *out, size_t max) { return io_slurp_at(AT_FDCWD, path, 0, out, max); }

static int copy_all(int from, int to) {
  char piece[65536];
  ssize_t n;
  while ((n = io_read(from, piece, sizeof piece, IO_FOREVER)) > 0)
    if (io_write_all(to, piece, (size_t)n, IO_FOREVER) == -1) return -1;
  return (int)n;
}

int io_to_memory(int fd) {
  int copy = memfd_create("message", MFD_CLOEXEC);
  if (copy == -1 || copy_all(fd, copy) == 0) return copy;
  int saved = errno;
  close(copy);
  return errno = saved, -1;
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

/* Where a file system knows nothing of holes, all of it is data. */
uint64_t io_next_data(int fd, uint64_t at, uint64_t end) {
  off_t data = lseek(fd, (off_t)at, SEEK_DATA);
  if (data == -1) return errno == ENXIO ? end : at;
  return (uint64_t)data < end ? (uint64_t)data : end;
}

int io_sync_folder(int at, const char *path) {
  int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd == -1) return -1;
  int r = fsync(fd);
  int saved = errno;
  close(fd);
  errno = saved;
  return r;
}

int io_folder_of(stralloc *out, const char *path) {
  const char *slash = strrchr(path, '/');
  size_t len = slash ? (size_t)(slash - path) + 1 : 0;
  if (stralloc_catb(out, path, len) && stralloc_cats(out, ".") && stralloc_0(out)) return 0;
  return errno = ENOMEM, -1;
}

int io_sync_above(const char *path) {
  stralloc folder = {0};
  int r = io_folder_of(&folder, path);
  if (r == 0) r = io_sync_folder(AT_FDCWD, folder.s);
  int saved = errno;
  stralloc_free(&folder);
  return errno = saved, r;
}

int io_set_nonblocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags == -1 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int io_set_cloexec(int fd) { return fcntl(fd, F_SETFD, FD_CLOEXEC); }
