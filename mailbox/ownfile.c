#include "config.h"
#include "mailbox/ownfile.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int ownfile_open(int folder, const char *name, int flags, struct stat *st) {
  int fd = openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, OWNFILE_MODE);
  if (fd == -1) return -1;
  if (fstat(fd, st) == 0 && S_ISREG(st->st_mode) && st->st_uid == geteuid()) return fd;
  close(fd);
  return errno = EPERM, -1;
}
