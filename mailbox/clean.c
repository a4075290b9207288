/* What deliveries and servers that died have left in tmp/. */
#include "config.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "mailbox/mailbox.h"

enum { KEPT_S = 36 * 3600 }; /* as qmail and maildir(5): no delivery takes that long */

/* A program that copies mail gives a file the message's age before it gives it its name;
 * when it did, st_ctim tells. */
static bool is_old(const struct stat *st, time_t now) {
  const time_t limit = now - KEPT_S;
  return S_ISREG(st->st_mode) && st->st_mtim.tv_sec < limit && st->st_atim.tv_sec < limit && st->st_ctim.tv_sec < limit;
}

static void clean(DIR *d, time_t now) {
  struct stat st;
  for (struct dirent *e; (e = readdir(d));)
    if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && is_old(&st, now)) (void)unlinkat(dirfd(d), e->d_name, 0);
}

void mailbox_clean(const struct mailbox *m, uint64_t now_us) {
  int fd = openat(m->folder, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  DIR *d = fd == -1 ? NULL : fdopendir(fd);
  if (d) clean(d, (time_t)(now_us / 1000000));
  if (d) closedir(d);
  else if (fd >= 0) close(fd);
}
