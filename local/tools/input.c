#include "config.h"
#include "local/tools/input.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iofd.h"

enum { PIECE_OCTETS = 65536 };

/* On a disk where it can be: a message may be larger than the memory. */
static int open_copy(void) {
  int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  return fd >= 0 ? fd : memfd_create("message", MFD_CLOEXEC);
}

static int copy(int from, int to) {
  char piece[PIECE_OCTETS];
  for (;;) {
    ssize_t n = io_read(from, piece, sizeof piece, IO_FOREVER);
    if (n <= 0) return (int)n;
    if (io_write_all(to, piece, (size_t)n, IO_FOREVER) == -1) return -1;
  }
}

int input_settle(void) {
  if (lseek(0, 0, SEEK_SET) == 0) return 0;
  int fd = open_copy();
  if (fd == -1) return -1;
  int r = copy(0, fd);
  if (r == 0 && (dup2(fd, 0) == -1 || lseek(0, 0, SEEK_SET) == -1)) r = -1;
  int saved = errno;
  close(fd);
  errno = saved;
  return r;
}

int input_body(struct body *body) {
  struct stat st;
  if (fstat(0, &st) == -1) return -1;
  *body = (struct body){TEXT_ABSENT, 0, (uint64_t)st.st_size};
  return 0;
}
