#include "config.h"
#include "queue/newmessage.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/crc32c.h"
#include "lib/iofd.h"
#include "lib/queuefile.h"

enum { FILE_MODE = 0440, PENDING_MAX = 256 * 1024 };

static void path_in(char path[64], const char *folder, const struct queueid *id) {
  snprintf(path, 64, "%s/%s", folder, id->s);
}

/* 1, 0, or -1. */
static int has_name(int fd) {
  struct stat st;
  return fstat(fd, &st) == -1 ? -1 : st.st_nlink > 0;
}

/* A runner that starts removes what nobody has locked, and may have seen the
 * file before its lock: then there is another one. */
static int open_named(struct newmessage *m) {
  char path[64];
  path_in(path, "tmp", &m->id);
  m->named = true;
  for (;;) {
    int fd = openat(m->queue_fd, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd == -1) return -1;
    int named = flock(fd, LOCK_EX) == -1 ? -1 : has_name(fd);
    if (named == 1) return fd;
    int saved = errno;
    if (named == -1) unlinkat(m->queue_fd, path, 0);
    close(fd);
    if (named == -1) return errno = saved, -1;
  }
}

static bool has_no_tmpfile(int error) {
  return error == EOPNOTSUPP || error == EISDIR || error == EINVAL || error == ENOENT;
}

enum newmessage_status newmessage_open(struct newmessage *m, int queue_fd,
                                       const struct queueid *id) {
  *m = (struct newmessage){.queue_fd = queue_fd, .id = *id};
  m->fd = openat(queue_fd, "todo", O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);
  /* an unnamed file gets its name through /proc */
  if (m->fd >= 0 && access("/proc/self/fd", X_OK) == -1) {
    close(m->fd);
    m->fd = open_named(m);
  } else if (m->fd == -1 && has_no_tmpfile(errno))
    m->fd = open_named(m);
  return m->fd == -1 ? NEWMESSAGE_NOT_CREATED : NEWMESSAGE_OK;
}

static enum newmessage_status write_pending(struct newmessage *m) {
  if (io_write_all(m->fd, m->pending.s, m->pending.len, IO_FOREVER) == -1)
    return NEWMESSAGE_NOT_WRITTEN;
  stralloc_zero(&m->pending);
  return NEWMESSAGE_OK;
}

enum newmessage_status newmessage_write(struct newmessage *m, const void *octets, size_t len) {
  m->crc = crc32c(m->crc, octets, len);
  m->octets += len;
  if (!stralloc_catb(&m->pending, octets, len)) return NEWMESSAGE_NO_MEMORY;
  return m->pending.len < PENDING_MAX ? NEWMESSAGE_OK : write_pending(m);
}

enum newmessage_status newmessage_complete(struct newmessage *m, const struct envelope *e) {
  stralloc envelope = {0};
  bool put = envelope_encode(&envelope, e) == 0 && stralloc_cat(&m->pending, &envelope) &&
             queuefile_cat_trailer(&m->pending, m->octets, m->crc, text_of_stralloc(&envelope)) == 0;
  stralloc_free(&envelope);
  if (!put) return NEWMESSAGE_NO_MEMORY;
  return write_pending(m);
}

static int give_name(struct newmessage *m) {
  char from[64], to[64];
  path_in(to, "todo", &m->id);
  if (m->named) {
    path_in(from, "tmp", &m->id);
    return renameat2(m->queue_fd, from, m->queue_fd, to, RENAME_NOREPLACE);
  }
  snprintf(from, sizeof from, "/proc/self/fd/%d", m->fd);
  return linkat(AT_FDCWD, from, m->queue_fd, to, AT_SYMLINK_FOLLOW);
}

enum newmessage_status newmessage_name(struct newmessage *m) {
  if (give_name(m) == 0) return NEWMESSAGE_OK;
  return errno == EEXIST ? NEWMESSAGE_EXISTS : NEWMESSAGE_NOT_WRITTEN;
}

int newmessage_sync_names(int queue_fd) { return io_sync_folder(queue_fd, "todo"); }

/* It has its name, but that did not reach the disk. */
static enum newmessage_status take_back(struct newmessage *m) {
  char path[64];
  int saved = errno;
  path_in(path, "todo", &m->id);
  bool gone = unlinkat(m->queue_fd, path, 0) == 0 && io_sync_folder(m->queue_fd, "todo") == 0;
  errno = saved;
  return gone ? NEWMESSAGE_NOT_WRITTEN : NEWMESSAGE_UNKNOWN;
}

static void release(struct newmessage *m) {
  int saved = errno;
  close(m->fd);
  m->fd = -1;
  stralloc_free(&m->pending);
  errno = saved;
}

enum newmessage_status newmessage_settle(struct newmessage *m, bool synced) {
  enum newmessage_status s = synced ? NEWMESSAGE_OK : take_back(m);
  release(m);
  return s;
}

enum newmessage_status newmessage_commit(struct newmessage *m, const struct envelope *e) {
  enum newmessage_status s = newmessage_complete(m, e);
  if (s == NEWMESSAGE_OK && fsync(m->fd) == -1) s = NEWMESSAGE_NOT_WRITTEN;
  if (s == NEWMESSAGE_OK) s = newmessage_name(m);
  if (s != NEWMESSAGE_OK) return newmessage_abort(m), s;
  return newmessage_settle(m, newmessage_sync_names(m->queue_fd) == 0);
}

void newmessage_abort(struct newmessage *m) {
  char path[64];
  int saved = errno;
  path_in(path, "tmp", &m->id);
  if (m->named) unlinkat(m->queue_fd, path, 0);
  errno = saved;
  release(m);
}

void newmessage_poke(int queue_fd, const struct queueid *id) {
  char line[QUEUEID_LENGTH + 1];
  int fd = openat(queue_fd, "poke", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd == -1) return;
  memcpy(line, id->s, QUEUEID_LENGTH);
  line[QUEUEID_LENGTH] = '\n';
  (void)!write(fd, line, sizeof line);
  close(fd);
}
