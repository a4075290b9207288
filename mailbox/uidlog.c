#include "config.h"
#include "mailbox/uidlog.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/iofd.h"
#include "lib/iowait.h"
#include "mailbox/ownfile.h"

enum { PIECE = 256 * 1024, RETRY_US = 5000, SUPERFLUOUS_MAX = 1000 };

/* ---- reading */

static int read_piece(struct uidlog *l, stralloc *piece, off_t at, ssize_t *got) {
  if (!stralloc_ready(piece, PIECE)) return errno = ENOMEM, -1;
  *got = pread(l->fd, piece->s, PIECE, at);
  if (*got >= 0) piece->len = (size_t)*got;
  return *got == -1 ? -1 : 0;
}

/* What follows the lines that were read.  A piece without a whole line is a torn
 * tail, or no line of ours. */
static int read_on(struct uidlog *l) {
  stralloc piece = {0};
  ssize_t got = 0;
  int r = 0;
  for (uint64_t before = UINT64_MAX; r == 0 && l->lines.read != before;) {
    before = l->lines.read;
    r = read_piece(l, &piece, (off_t)before, &got);
    if (r == 0 && uidlines_read(&l->lines, text_of_stralloc(&piece)) == -1) r = (errno = ENOMEM, -1);
    if (l->lines.read > UIDLOG_OCTETS_MAX) r = (errno = EFBIG, -1);
    if (l->lines.is_newer) r = (errno = EPROTONOSUPPORT, -1);
  }
  stralloc_free(&piece);
  return r;
}

static int open_file(struct uidlog *l, int flags) {
  struct stat st;
  l->fd = ownfile_open(l->folder, UIDLOG_NAME, flags | O_RDWR, &st);
  l->is_read_only = l->fd == -1 && errno == EROFS;
  if (l->is_read_only) l->fd = ownfile_open(l->folder, UIDLOG_NAME, O_RDONLY, &st);
  return l->fd == -1 ? -1 : 0;
}

static void forget(struct uidlog *l) {
  if (l->fd >= 0) close(l->fd); /* and so the lock */
  l->fd = -1;
  l->locked = false;
  uidlines_free(&l->lines);
  stralloc_zero(&l->out);
}

/* Whoever wrote what has no mark behind it may have died before his syncs. */
static int sync_read(struct uidlog *l) {
  if (!l->lines.unmarked || l->is_read_only) return 0;
  return fdatasync(l->fd) == 0 ? fsync(l->folder) : -1;
}

int uidlog_open(struct uidlog *l, int folder) {
  *l = (struct uidlog){.folder = folder, .fd = -1};
  if (open_file(l, 0) == -1) return errno == ENOENT ? 0 : -1;
  return read_on(l) == 0 ? sync_read(l) : -1;
}

int uidlog_time(int folder, struct uidlog_time *t) {
  struct stat st;
  *t = (struct uidlog_time){0};
  if (fstatat(folder, UIDLOG_NAME, &st, AT_SYMLINK_NOFOLLOW) == -1) return errno == ENOENT ? 0 : -1;
  *t = (struct uidlog_time){.inode = st.st_ino, .octets = (uint64_t)st.st_size, .changed = st.st_mtim};
  return 0;
}

bool uidlog_time_equal(const struct uidlog_time *a, const struct uidlog_time *b) {
  return a->inode == b->inode && a->octets == b->octets && a->changed.tv_sec == b->changed.tv_sec &&
         a->changed.tv_nsec == b->changed.tv_nsec;
}

bool uidlog_is(const struct uidlog *l, const struct uidlog_time *t) {
  struct stat st;
  return l->fd >= 0 && fstat(l->fd, &st) == 0 && st.st_ino == t->inode && t->octets == l->lines.read;
}

/* ---- the lock */

static int take_lock(int fd) {
  struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  uint64_t end_us = clock_boot_us(&clock_system) + (uint64_t)UIDLOG_LOCK_MS * 1000;
  while (fcntl(fd, F_OFD_SETLK, &all) == -1) {
    if (errno != EAGAIN && errno != EACCES) return -1;
    if (clock_boot_us(&clock_system) > end_us) return errno = ETIMEDOUT, -1;
    usleep(RETRY_US);
  }
  return 0;
}

/* 1: the file is the one with the name, 0: it is not, -1. */
static int has_name(const struct uidlog *l) {
  struct stat mine, named;
  if (fstat(l->fd, &mine) == -1) return -1;
  if (fstatat(l->folder, UIDLOG_NAME, &named, AT_SYMLINK_NOFOLLOW) == -1) return errno == ENOENT ? 0 : -1;
  return mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
}

static int lock_named(struct uidlog *l) {
  for (;;) {
    l->is_replaced |= l->fd == -1;
    if (l->fd == -1 && open_file(l, O_CREAT) == -1) return -1;
    if (take_lock(l->fd) == -1) return -1;
    int is_it = has_name(l);
    if (is_it == -1) return -1;
    if (is_it) break;
    forget(l);
  }
  l->locked = true;
  return 0;
}

/* Behind the last whole line; what is cut was told to nobody. */
static int cut_tail(struct uidlog *l) {
  struct stat st;
  if (fstat(l->fd, &st) == -1) return -1;
  return (uint64_t)st.st_size > l->lines.read ? ftruncate(l->fd, (off_t)l->lines.read) : 0;
}

/* Who read while a torn tail was cut may have met octets that nobody wrote: what he
 * holds is no log to write anew from. */
static int read_locked(struct uidlog *l) {
  if (l->lines.wrong) uidlines_free(&l->lines);
  return read_on(l);
}

int uidlog_lock(struct uidlog *l) {
  if (l->is_read_only) return errno = EROFS, -1;
  if (lock_named(l) == -1 || read_locked(l) == -1 || cut_tail(l) == -1) return -1;
  if (!l->lines.validity) l->is_replaced = false; /* it is new, or none */
  return sync_read(l);
}

void uidlog_begin(struct uidlog *l, uint32_t validity, uint32_t least) {
  uint32_t now = (uint32_t)(clock_wall_us(&clock_system) / 1000000);
  l->lines.validity = validity ? validity : now > least ? now : least;
  uidlog_raise(l, 1);
}

void uidlog_empty(struct uidlog *l) {
  uidlines_free(&l->lines);
  stralloc_zero(&l->out);
}

void uidlog_raise(struct uidlog *l, uint64_t next) {
  if (l->lines.next < next) l->lines.next = next;
}

void uidlog_unlock(struct uidlog *l) {
  struct flock all = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
  if (l->locked) (void)fcntl(l->fd, F_OFD_SETLK, &all);
  l->locked = false;
}

/* ---- writing */

static int put_line(struct uidlog *l, size_t number) {
  return uidlines_put_message(&l->out, &l->lines.roster, number) == 0 ? 0 : (errno = ENOMEM, -1);
}

int uidlog_add(struct uidlog *l, uint32_t uid, const struct filename *f, struct text uidl, size_t *number) {
  if (uid < l->lines.next) uid = (uint32_t)l->lines.next;
  if (l->lines.next > UINT32_MAX) return errno = EOVERFLOW, -1;
  *number = roster_add(&l->lines.roster, uid, f->base, uidl);
  if (*number == ROSTER_NONE) return errno = ENOMEM, -1;
  struct roster_entry *e = &l->lines.roster.entries[*number];
  e->size = f->size;
  e->wire_size = f->wire_size;
  l->lines.next = (uint64_t)uid + 1;
  l->lines.unmarked = true;
  return put_line(l, *number);
}

int uidlog_note_sizes(struct uidlog *l, size_t number, uint64_t size, uint64_t wire_size) {
  l->lines.roster.entries[number].size = size;
  l->lines.roster.entries[number].wire_size = wire_size;
  l->lines.superfluous++;
  return put_line(l, number);
}

int uidlog_note_gone(struct uidlog *l, size_t number) {
  struct roster_entry *e = &l->lines.roster.entries[number];
  e->gone = true;
  l->lines.superfluous += 2;
  return uidlines_put_gone(&l->out, e->uid) == 0 ? 0 : (errno = ENOMEM, -1);
}

static int append(struct uidlog *l) {
  if (lseek(l->fd, (off_t)l->lines.read, SEEK_SET) == -1) return -1;
  if (io_write_all(l->fd, l->out.s, l->out.len, IO_FOREVER) == -1) return -1;
  l->lines.read += l->out.len;
  stralloc_zero(&l->out);
  return 0;
}

/* The mark itself may be lost, or find no room: then the next reader syncs once more. */
static void append_mark(struct uidlog *l) {
  bool is_there = uidlines_put_mark(&l->out, l->lines.next) == 0 && append(l) == 0;
  stralloc_zero(&l->out);
  l->lines.unmarked = !is_there;
  l->lines.superfluous += is_there;
}

/* The kernel tells of octets that it could not write only once: the next who syncs them would
 * take them for written. */
static int take_back(struct uidlog *l, uint64_t to) {
  int saved = errno;
  l->lines.read = to;
  (void)!ftruncate(l->fd, (off_t)to);
  return errno = saved, -1;
}

int uidlog_commit(struct uidlog *l) {
  if (l->out.len == 0) return 0;
  bool must_sync = l->lines.unmarked;
  uint64_t before = l->lines.read;
  if (append(l) == -1) return -1;
  if (!must_sync) return 0;
  if (fdatasync(l->fd) == -1) return take_back(l, before);
  append_mark(l);
  return 0;
}

/* ---- the file anew */

static int keep_some(struct uidlog *l) {
  struct roster old = l->lines.roster, kept = {0};
  int r = 0;
  for (size_t i = 0; i < old.count && r == 0; i++) {
    if (old.entries[i].gone) continue;
    size_t n = roster_add(&kept, old.entries[i].uid, roster_base(&old, i), roster_uidl(&old, i));
    if (n == ROSTER_NONE) r = -1;
    else kept.entries[n].size = old.entries[i].size, kept.entries[n].wire_size = old.entries[i].wire_size;
  }
  if (r == -1) return roster_free(&kept), errno = ENOMEM, -1;
  l->lines.roster = kept;
  roster_free(&old);
  return 0;
}

static int put_all(struct uidlog *l) {
  stralloc_zero(&l->out);
  int r = uidlines_put_first(&l->out, l->lines.validity, l->lines.next);
  for (size_t i = 0; i < l->lines.roster.count && r == 0; i++)
    r = uidlines_put_message(&l->out, &l->lines.roster, i);
  return r == 0 ? 0 : (errno = ENOMEM, -1);
}

/* Locked before it has the name: whoever has opened the old one waits, and finds
 * then that it has lost its name. */
static int fill(struct uidlog *l, int fd, const char *tmp) {
  if (take_lock(fd) == -1 || io_write_all(fd, l->out.s, l->out.len, IO_FOREVER) == -1 || fsync(fd) == -1) return -1;
  return renameat(l->folder, tmp, l->folder, UIDLOG_NAME);
}

static int make_new(struct uidlog *l, const char *tmp) {
  if (unlinkat(l->folder, tmp, 0) == -1 && errno != ENOENT) return -1;
  int fd = openat(l->folder, tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, OWNFILE_MODE);
  if (fd == -1 || fill(l, fd, tmp) == 0) return fd;
  int saved = errno;
  close(fd);
  unlinkat(l->folder, tmp, 0);
  return errno = saved, -1;
}

/* It has no mark before its name is on the disk: a log that lost its name again
 * would take along what was added to it. */
static int take_new(struct uidlog *l, int fd) {
  close(l->fd);
  l->fd = fd;
  l->lines.read = l->out.len;
  l->lines.wrong = l->lines.superfluous = 0;
  l->lines.unmarked = true;
  stralloc_zero(&l->out);
  if (fsync(l->folder) == -1) return -1;
  append_mark(l);
  return 0;
}

bool uidlog_wants_rewrite(const struct uidlog *l) {
  return l->lines.wrong > 0 || l->lines.superfluous > l->lines.roster.count + SUPERFLUOUS_MAX;
}

int uidlog_rewrite(struct uidlog *l) {
  char tmp[64];
  snprintf(tmp, sizeof tmp, "tmp/" UIDLOG_NAME ".%ld", (long)getpid());
  int fd = keep_some(l) == 0 && put_all(l) == 0 ? make_new(l, tmp) : -1;
  if (fd >= 0) return take_new(l, fd);
  stralloc_zero(&l->out);
  return 1;
}

void uidlog_close(struct uidlog *l) {
  forget(l);
  stralloc_free(&l->out);
}
