#include "config.h"
#include "local/store/quotascan.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/clock.h"

enum { ENTRIES_BETWEEN_LOOKS = 256 }; /* at the clock */

bool quotascan_size(const char *name, int64_t *octets) {
  const char *mark = strstr(name, ",S=");
  if (!mark) return false;
  mark += 3;
  uint64_t value;
  if (text_uint((struct text){mark, strspn(mark, "0123456789")}, &value) == -1) return false;
  if (value > INT64_MAX / 2) return false;
  *octets = (int64_t)value;
  return true;
}

static bool is_trashed(const char *name) {
  const char *flags = strstr(name, ":2,");
  return flags && strchr(flags, 'T');
}

static void count(struct quotascan *s, int folder, const char *name) {
  struct stat st;
  int64_t octets;
  if (*name == '.' || is_trashed(name)) return;
  if (!quotascan_size(name, &octets)) {
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == -1) return;
    octets = (int64_t)st.st_size;
  }
  if (s->octets > INT64_MAX / 4) return; /* names that lie; there is room for what comes */
  s->octets += octets;
  s->files++;
}

static bool is_over(uint64_t deadline_us) {
  return deadline_us && clock_boot_us(&clock_system) > deadline_us;
}

static int read_folder(struct quotascan *s, DIR *d, uint64_t deadline_us) {
  struct dirent *e;
  errno = 0;
  for (unsigned n = 1; (e = readdir(d)); n++) {
    count(s, dirfd(d), e->d_name);
    if (n % ENTRIES_BETWEEN_LOOKS == 0 && is_over(deadline_us)) return errno = ETIMEDOUT, -1;
    errno = 0;
  }
  return errno ? -1 : 0;
}

static bool is_later(struct timespec a, struct timespec b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

/* Only the change of the folder is taken, unless it is read. */
static int visit(struct quotascan *s, int above, const char *name, bool reads, uint64_t deadline_us) {
  struct stat st;
  int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
  if (fd == -1) return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
  DIR *d = fstat(fd, &st) == 0 ? fdopendir(fd) : NULL;
  if (!d) return close(fd), -1;
  if (is_later(st.st_mtim, s->latest)) s->latest = st.st_mtim;
  int r = reads ? read_folder(s, d, deadline_us) : 0;
  int saved = errno;
  closedir(d);
  errno = saved;
  return r;
}

static int visit_maildir(struct quotascan *s, int maildir, bool reads, uint64_t deadline_us) {
  if (visit(s, maildir, "new", reads, deadline_us) == -1) return -1;
  return visit(s, maildir, "cur", reads, deadline_us);
}

static int visit_folder(struct quotascan *s, int root, const char *name, bool reads, uint64_t deadline_us) {
  if (*name != '.' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return 0;
  if (strcmp(name, ".Trash") == 0) return 0;
  int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
  if (fd == -1) return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
  int r = visit_maildir(s, fd, reads, deadline_us);
  int saved = errno;
  close(fd);
  errno = saved;
  return r;
}

static int visit_all(struct quotascan *s, const char *root, bool reads, uint64_t deadline_us) {
  DIR *d = opendir(root);
  struct dirent *e;
  if (!d) return -1;
  int r = visit_maildir(s, dirfd(d), reads, deadline_us);
  while (r == 0 && (errno = 0, e = readdir(d))) r = visit_folder(s, dirfd(d), e->d_name, reads, deadline_us);
  if (r == 0 && errno) r = -1;
  int saved = errno;
  closedir(d);
  errno = saved;
  return r;
}

int quotascan_count(struct quotascan *s, const char *root, uint64_t deadline_us) {
  *s = (struct quotascan){0};
  return visit_all(s, root, true, deadline_us);
}

bool quotascan_is_current(const struct quotascan *s, const char *root) {
  struct quotascan now = {0};
  return visit_all(&now, root, false, 0) == 0 && !is_later(now.latest, s->latest);
}
