#include "config.h"
#include "lib/iofd.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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
