#include "config.h"
#include "lib/movenew.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* An answer of NFS that got lost makes a second try of what was done. */
static bool are_one(int folder, const char *a, const char *b) {
  struct stat of_a, of_b;
  return fstatat(folder, a, &of_a, AT_SYMLINK_NOFOLLOW) == 0 && fstatat(folder, b, &of_b, AT_SYMLINK_NOFOLLOW) == 0 &&
         of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

int movenew(int folder, const char *from, const char *to) {
  if (renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  if (linkat(folder, from, folder, to, 0) == 0 || (errno == EEXIST && are_one(folder, from, to)))
    return unlinkat(folder, from, 0), 0;
  if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) return -1;
  return renameat(folder, from, folder, to);
}
