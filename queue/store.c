#include "config.h"
#include "queue/store.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "queue/msglog.h"

enum { PATH_SPACE = 64, LOG_MODE = 0600, LOG_MAX = 1 << 30, COPY_OCTETS = 1 << 20 };

int store_open(struct store *s, const char *folder) {
  *s = (struct store){.queue_fd = -1, .lock_fd = -1};
  s->queue_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return s->queue_fd == -1 ? -1 : 0;
}

int store_lock(struct store *s) {
  s->lock_fd = openat(s->queue_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  return s->lock_fd == -1 ? -1 : flock(s->lock_fd, LOCK_EX | LOCK_NB);
}

void store_close(struct store *s) {
  while (s->dirty_log_count) close(s->dirty_logs[--s->dirty_log_count]);
  free(s->spent);
  if (s->lock_fd >= 0) close(s->lock_fd);
  if (s->queue_fd >= 0) close(s->queue_fd);
}

void store_wait_folder(char path[16], unsigned number) { snprintf(path, 16, "wait/%02x", number); }

static void todo_path(char path[PATH_SPACE], const struct queueid *id) {
  snprintf(path, PATH_SPACE, "todo/%s", id->s);
}

static void wait_path(char path[PATH_SPACE], const struct queueid *id, const char *ending) {
  snprintf(path, PATH_SPACE, "wait/%02x/%s%s", queueid_folder(id), id->s, ending);
}

static void place_path(char path[PATH_SPACE], const struct queueid *id, enum store_place place) {
  if (place == PLACE_TODO) todo_path(path, id);
  else wait_path(path, id, "");
}

static void mark(struct store *s, const struct queueid *id, enum store_place place) {
  if (place == PLACE_TODO) s->dirty_todo = true;
  else s->dirty_wait[queueid_folder(id)] = true;
}

/* A message is a plain file: anything else that an injector's group could
 * have put there must not be opened with side effects. */
static int open_plain(int folder, const char *path) {
  struct stat st;
  int fd = openat(folder, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd == -1) return -1;
  int error = fstat(fd, &st) == -1 ? errno : S_ISREG(st.st_mode) ? 0 : EBADMSG;
  if (!error) return fd;
  close(fd);
  return errno = error, -1;
}

int store_open_bad(struct store *s, const struct queueid *id) {
  char path[PATH_SPACE];
  snprintf(path, sizeof path, "bad/%s", id->s);
  return open_plain(s->queue_fd, path);
}

int store_open_at(struct store *s, const struct queueid *id, enum store_place place) {
  char path[PATH_SPACE];
  place_path(path, id, place);
  return open_plain(s->queue_fd, path);
}

/* What has left todo/ is out of the injectors' reach: a file that somebody puts
 * there under the same name must not take its place.  For a reader beside the
 * runner it may move while it is looked for. */
int store_open_message(struct store *s, const struct queueid *id, enum store_place *place) {
  static const enum store_place places[] = {PLACE_WAIT, PLACE_TODO, PLACE_WAIT};
  int fd = -1;
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    *place = places[i];
    fd = store_open_at(s, id, *place);
    if (fd >= 0 || errno != ENOENT) break;
  }
  return fd;
}

bool store_is_at(struct store *s, const struct queueid *id, enum store_place place) {
  char path[PATH_SPACE];
  struct stat st;
  place_path(path, id, place);
  return fstatat(s->queue_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int store_find(struct store *s, const struct queueid *id, enum store_place *place) {
  char path[PATH_SPACE];
  struct stat st;
  *place = PLACE_TODO;
  todo_path(path, id);
  int r = fstatat(s->queue_fd, path, &st, AT_SYMLINK_NOFOLLOW);
  if (r == 0 || errno != ENOENT) return r;
  *place = PLACE_WAIT;
  wait_path(path, id, "");
  return fstatat(s->queue_fd, path, &st, AT_SYMLINK_NOFOLLOW);
}

int store_read_log(struct store *s, const struct queueid *id, stralloc *out) {
  char path[PATH_SPACE];
  stralloc_zero(out);
  wait_path(path, id, ".log");
  int fd = open_plain(s->queue_fd, path);
  if (fd == -1) return errno == ENOENT ? 0 : -1;
  int r = io_slurp(fd, out, LOG_MAX, IO_FOREVER);
  int saved = errno;
  close(fd);
  errno = saved;
  return r;
}

static int write_log(int fd, struct text octets, uint64_t keep, bool *created) {
  struct stat st;
  stralloc whole = {0};
  if (fstat(fd, &st) == -1) return -1;
  if ((uint64_t)st.st_size > keep) {
    if (ftruncate(fd, (off_t)keep) == -1) return -1;
    st.st_size = (off_t)keep;
  }
  *created = st.st_size == 0;
  int r = 0;
  if (*created && msglog_cat_magic(&whole) == -1) r = -1;
  if (r == 0 && text_cat(&whole, octets) == -1) r = -1;
  if (r == -1) errno = ENOMEM;
  else if ((r = io_write_all(fd, whole.s, whole.len, IO_FOREVER)) == -1)
    (void)!ftruncate(fd, st.st_size); /* no half a record for the next one to follow */
  stralloc_free(&whole);
  return r;
}

static void keep_dirty_log(struct store *s, int fd) {
  if (s->dirty_log_count < STORE_DIRTY_LOGS_MAX) {
    s->dirty_logs[s->dirty_log_count++] = fd;
    return;
  }
  s->dirty_all = true;
  close(fd);
}

int store_append_log(struct store *s, const struct queueid *id, struct text octets,
                     uint64_t keep) {
  char path[PATH_SPACE];
  bool created;
  wait_path(path, id, ".log");
  int fd = openat(s->queue_fd, path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, LOG_MODE);
  if (fd == -1) return -1;
  if (write_log(fd, octets, keep, &created) == -1) {
    int saved = errno;
    close(fd);
    return errno = saved, -1;
  }
  if (created) mark(s, id, PLACE_WAIT);
  keep_dirty_log(s, fd);
  return 0;
}

static int write_synced(struct store *s, const char *path, struct text octets) {
  int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
  int fd = openat(s->queue_fd, path, flags, LOG_MODE);
  if (fd == -1) return -1;
  int r = io_write_all(fd, octets.s, octets.len, IO_FOREVER) == 0 && fsync(fd) == 0 ? 0 : -1;
  int saved = errno;
  close(fd);
  errno = saved;
  return r;
}

static const char new_name[] = "new.log";

int store_rewrite_log(struct store *s, const struct queueid *id, struct text octets) {
  char folder[16], new[PATH_SPACE], path[PATH_SPACE];
  store_wait_folder(folder, queueid_folder(id));
  snprintf(new, sizeof new, "%s/%s", folder, new_name);
  wait_path(path, id, ".log");
  if (write_synced(s, new, octets) == -1) return -1;
  if (renameat(s->queue_fd, new, s->queue_fd, path) == -1) return -1;
  return io_sync_folder(s->queue_fd, folder);
}

static bool is_there(const struct store *s, const char *path) {
  return faccessat(s->queue_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

static int unlink_if_there(struct store *s, const char *path) {
  return unlinkat(s->queue_fd, path, 0) == 0 || errno == ENOENT ? 0 : -1;
}

/* A crash, or a copy made of a queue at work, may have left both names; a
 * rename to another name of the same file does nothing. */
int store_move_to_wait(struct store *s, const struct queueid *id) {
  char from[PATH_SPACE], to[PATH_SPACE];
  todo_path(from, id);
  wait_path(to, id, "");
  bool moved = renameat(s->queue_fd, from, s->queue_fd, to) == 0;
  /* an earlier call may have come so far, and no further */
  if (!moved && (errno != ENOENT || !is_there(s, to))) return -1;
  if (unlink_if_there(s, from) == -1) return -1;
  mark(s, id, PLACE_TODO);
  mark(s, id, PLACE_WAIT);
  return 0;
}

static int remove_log(struct store *s, const struct queueid *id) {
  char path[PATH_SPACE];
  wait_path(path, id, ".log");
  return unlink_if_there(s, path);
}

static bool has_log(const struct store *s, const struct queueid *id) {
  char path[PATH_SPACE];
  wait_path(path, id, ".log");
  return faccessat(s->queue_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Without memory for it: the next start clears it away. */
static int remove_log_later(struct store *s, const struct queueid *id) {
  if (s->spent_count == STORE_SPENT_MAX && store_sync(s) == -1) return -1;
  if (!s->spent) s->spent = calloc(STORE_SPENT_MAX, sizeof *s->spent);
  if (s->spent) s->spent[s->spent_count++] = *id;
  mark(s, id, PLACE_WAIT);
  return 0;
}

int store_remove_copy(struct store *s, const struct queueid *id) {
  char path[PATH_SPACE];
  todo_path(path, id);
  if (unlinkat(s->queue_fd, path, 0) == -1) return -1;
  mark(s, id, PLACE_TODO);
  return 0;
}

int store_remove_log(struct store *s, const struct queueid *id) {
  char path[PATH_SPACE];
  wait_path(path, id, ".log");
  if (unlinkat(s->queue_fd, path, 0) == -1) return -1;
  mark(s, id, PLACE_WAIT);
  return 0;
}

static int unlink_and_mark(struct store *s, const char *path, const struct queueid *id,
                           enum store_place place) {
  if (unlinkat(s->queue_fd, path, 0) == 0) mark(s, id, place);
  else if (errno != ENOENT) return -1;
  return 0;
}

/* Both names, as it may have both; gone already, it may not be on the disk. */
int store_remove(struct store *s, const struct queueid *id, enum store_place place) {
  char path[PATH_SPACE];
  todo_path(path, id);
  if (unlink_and_mark(s, path, id, PLACE_TODO) == -1) return -1;
  wait_path(path, id, "");
  if (unlink_and_mark(s, path, id, PLACE_WAIT) == -1) return -1;
  mark(s, id, place);
  s->removals += place == PLACE_WAIT;
  return has_log(s, id) ? remove_log_later(s, id) : 0;
}

int store_move_to_bad(struct store *s, const struct queueid *id, enum store_place place) {
  char from[PATH_SPACE], to[PATH_SPACE];
  place_path(from, id, place);
  snprintf(to, sizeof to, "bad/%s", id->s);
  if (renameat(s->queue_fd, from, s->queue_fd, to) == -1) return -1;
  mark(s, id, place);
  s->removals += place == PLACE_WAIT;
  wait_path(from, id, ".log");
  snprintf(to, sizeof to, "bad/%s.log", id->s);
  if (renameat(s->queue_fd, from, s->queue_fd, to) == -1 && errno != ENOENT) return -1;
  s->dirty_all = true;
  return 0;
}

int store_remove_from_bad(struct store *s, const struct queueid *id) {
  char path[PATH_SPACE];
  snprintf(path, sizeof path, "bad/%s", id->s);
  if (unlinkat(s->queue_fd, path, 0) == -1) return -1;
  s->dirty_all = true;
  snprintf(path, sizeof path, "bad/%s.log", id->s);
  return unlinkat(s->queue_fd, path, 0) == -1 && errno != ENOENT ? -1 : 0;
}

static int copy_some(int to, int from, off_t *at, uint64_t octets) {
  uint64_t left = octets - (uint64_t)*at;
  ssize_t n = sendfile(to, from, at, left < COPY_OCTETS ? (size_t)left : COPY_OCTETS);
  if (n == 0) return errno = EIO, -1;
  return n == -1 && errno != EINTR ? -1 : 0;
}

/* Holes stay holes: a file of terabytes that nobody has is not made one. */
static int copy_octets(int to, int from, uint64_t octets) {
  if (octets <= COPY_OCTETS) {
    for (off_t at = 0; (uint64_t)at < octets;)
      if (copy_some(to, from, &at, octets) == -1) return -1;
    return 0;
  }
  if (ftruncate(to, (off_t)octets) == -1) return -1;
  for (off_t at = 0; (uint64_t)(at = (off_t)io_next_data(from, (uint64_t)at, octets)) < octets;)
    if (lseek(to, at, SEEK_SET) == -1 || copy_some(to, from, &at, octets) == -1) return -1;
  return 0;
}

static const char copy_name[] = "tmp/copy";

/* Its name was to vanish at once, but a crash may have kept it. */
static int open_unnamed(struct store *s) {
  int fd = openat(s->queue_fd, "tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0400);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
  if (unlink_if_there(s, copy_name) == -1) return -1;
  fd = openat(s->queue_fd, copy_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
  if (fd >= 0) unlinkat(s->queue_fd, copy_name, 0);
  return fd;
}

int store_body_copy(struct store *s, int fd, uint64_t octets) {
  int copy = open_unnamed(s);
  if (copy == -1 || copy_octets(copy, fd, octets) == 0) return copy;
  int saved = errno;
  close(copy);
  return errno = saved, -1;
}

int store_reopen(int fd) {
  char path[PATH_SPACE];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return open(path, O_RDONLY | O_CLOEXEC);
}

static int scan_open(DIR *d, int (*found)(void *, const struct queueid *), void *context) {
  struct dirent *entry;
  struct queueid id;
  while (errno = 0, (entry = readdir(d)))
    if (queueid_parse(&id, text_of(entry->d_name)) && found(context, &id) == -1) return -1;
  return errno ? -1 : 0;
}

int store_scan(struct store *s, const char *folder, int (*found)(void *, const struct queueid *),
               void *context) {
  int fd = openat(s->queue_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd == -1) return -1;
  DIR *d = fdopendir(fd);
  if (!d) return close(fd), -1;
  int r = scan_open(d, found, context);
  int saved = errno;
  closedir(d);
  errno = saved;
  return r;
}

int store_sync_todo(struct store *s) {
  if (io_sync_folder(s->queue_fd, "todo") == -1) return s->doubtful = true, -1;
  s->dirty_todo = false;
  return 0;
}

static unsigned dirty_folders(const struct store *s) {
  unsigned n = 0;
  for (unsigned i = 0; i < QUEUEID_FOLDERS; i++) n += s->dirty_wait[i];
  return n;
}

bool store_is_dirty(const struct store *s) {
  return s->dirty_all || s->dirty_todo || s->dirty_log_count || dirty_folders(s);
}

/* After a failed fsync the kernel may call the pages clean: trying again would
 * succeed and prove nothing.  So the marks go, and what must be durable is
 * written anew from then on. */
int store_sync(struct store *s) {
  int r = 0, saved = 0;
  if (s->dirty_all || s->dirty_log_count + dirty_folders(s) > STORE_DIRTY_LOGS_MAX) {
    if (syncfs(s->queue_fd) == -1) r = -1, saved = errno;
    while (s->dirty_log_count) close(s->dirty_logs[--s->dirty_log_count]);
  } else {
    while (s->dirty_log_count) {
      int fd = s->dirty_logs[--s->dirty_log_count];
      if (fdatasync(fd) == -1) r = -1, saved = errno;
      close(fd);
    }
    for (unsigned i = 0; i < QUEUEID_FOLDERS; i++) {
      char path[16];
      store_wait_folder(path, i);
      if (s->dirty_wait[i] && io_sync_folder(s->queue_fd, path) == -1) r = -1, saved = errno;
    }
    if (s->dirty_todo && io_sync_folder(s->queue_fd, "todo") == -1) r = -1, saved = errno;
  }
  s->dirty_all = s->dirty_todo = false;
  memset(s->dirty_wait, 0, sizeof s->dirty_wait);
  if (r == -1) s->doubtful = true;
  if (!s->doubtful)
    while (s->spent_count) (void)remove_log(s, &s->spent[--s->spent_count]);
  s->spent_count = 0;
  errno = saved;
  return r;
}

int store_sync_all(struct store *s) {
  s->dirty_all = true;
  return store_sync(s);
}

static int clear_one(void *context, const struct queueid *id) {
  struct store *s = context;
  char path[PATH_SPACE];
  snprintf(path, sizeof path, "tmp/%s", id->s);
  int fd = open_plain(s->queue_fd, path);
  if (fd == -1) return 0;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) unlinkat(s->queue_fd, path, 0);
  close(fd);
  return 0;
}

int store_clear_tmp(struct store *s) {
  return unlink_if_there(s, copy_name) == -1 ? -1 : store_scan(s, "tmp", clear_one, s);
}

/* The message may have left only on its way to the disk, as at store_remove(). */
int store_clear_log(struct store *s, unsigned folder, const char *name) {
  static const char ending[] = ".log";
  struct queueid id;
  char path[PATH_SPACE];
  size_t len = strlen(name);
  if (strcmp(name, new_name) == 0) {
    snprintf(path, sizeof path, "wait/%02x/%s", folder, new_name);
    return unlink_if_there(s, path);
  }
  if (len != QUEUEID_LENGTH + strlen(ending) || strcmp(name + QUEUEID_LENGTH, ending) != 0 ||
      !queueid_parse(&id, (struct text){name, QUEUEID_LENGTH}))
    return 0;
  wait_path(path, &id, "");
  if (is_there(s, path)) return 0;
  todo_path(path, &id);
  return is_there(s, path) ? 0 : remove_log_later(s, &id);
}
