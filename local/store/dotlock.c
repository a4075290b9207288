#include "config.h"
#include "local/store/dotlock.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

/* PATH.lock, and a name beside it that nobody else has. */
static int make_names(struct dotlock *l, stralloc *own, const char *path) {
  struct utsname u;
  char number[32];
  if (uname(&u) == -1) return -1;
  snprintf(number, sizeof number, ".lock.%ld.", (long)getpid());
  for (char *p = u.nodename; *p; p++)
    if (*p == '/') *p = '_';
  return stralloc_copys(&l->name, path) && stralloc_cats(&l->name, ".lock") && stralloc_0(&l->name) &&
             stralloc_copys(own, path) && stralloc_cats(own, number) && stralloc_cats(own, u.nodename) &&
             stralloc_0(own)
           ? 0
           : (errno = ENOMEM, -1);
}

static int create(const char *own) {
  unlink(own); /* of a process of our number that died */
  return open(own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* Who looks at it and moves it away may meet a new one by then, and puts that
 * back. */
static bool take_away(const char *name, const char *own, const struct stat *stale) {
  struct stat st;
  if (rename(name, own) == -1) return false;
  if (lstat(own, &st) == -1 || (st.st_ino == stale->st_ino && st.st_mtime == stale->st_mtime)) return true;
  (void)link(own, name);
  return false;
}

static bool is_stale(const char *name, int fd, struct stat *st) {
  struct stat now;
  return lstat(name, st) == 0 && fstat(fd, &now) == 0 && now.st_mtime - st->st_mtime > DOTLOCK_STALE_S;
}

/* The answer of link() can be lost on NFS; the count of links cannot. */
static bool has_linked(const char *own, const char *name, int fd) {
  struct stat st;
  return link(own, name) == 0 || (fstat(fd, &st) == 0 && st.st_nlink == 2);
}

static enum dotlock_status judge(int number) {
  if (number == EEXIST) return DOTLOCK_BUSY;
  errno = number;
  return number == EACCES || number == EPERM || number == EROFS || number == ENAMETOOLONG ? DOTLOCK_IMPOSSIBLE
                                                                                          : DOTLOCK_ERROR;
}

static enum dotlock_status take(struct dotlock *l, const char *own, int fd) {
  struct stat stale;
  if (has_linked(own, l->name.s, fd)) return DOTLOCK_TAKEN;
  int number = errno;
  if (number == EEXIST && is_stale(l->name.s, fd, &stale)) (void)take_away(l->name.s, own, &stale);
  if (number != EPERM && number != EOPNOTSUPP && number != ENOSYS) return judge(number);
  /* a file system without links */
  int lock = open(l->name.s, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock == -1) return judge(errno);
  close(lock);
  return DOTLOCK_TAKEN;
}

enum dotlock_status dotlock_take(struct dotlock *l, const char *path) {
  stralloc own = {0};
  enum dotlock_status status = DOTLOCK_ERROR;
  if (make_names(l, &own, path) == 0) {
    int fd = create(own.s);
    status = fd == -1 ? judge(errno) : take(l, own.s, fd);
    int saved = errno;
    if (fd >= 0) {
      unlink(own.s);
      close(fd);
    }
    errno = saved;
  }
  stralloc_free(&own);
  l->held = status == DOTLOCK_TAKEN;
  return status;
}

void dotlock_release(struct dotlock *l) {
  if (l->held) unlink(l->name.s);
  stralloc_free(&l->name);
  *l = (struct dotlock){0};
}
