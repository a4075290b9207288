#include "config.h"
#include "local/store/mbox.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "local/store/fromquote.h"

enum { OPEN_FLAGS = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, PAUSE_MS = 100 };

static bool is_null(const struct stat *st) { return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3); }

static int refuse(struct verdict *v, const char *why, const char *path) {
  return verdict_defer(v, "4.2.1", why, path);
}

static int check(const struct stat *st, const char *path, struct verdict *v) {
  if (is_null(st)) return 0;
  if (S_ISLNK(st->st_mode)) return refuse(v, "this mbox is a symbolic link: ", path);
  if (!S_ISREG(st->st_mode)) return refuse(v, "this mbox is no file: ", path);
  if (st->st_uid != geteuid()) return refuse(v, "this mbox belongs to somebody else: ", path);
  if (st->st_nlink > 1) return refuse(v, "this mbox has a second name: ", path);
  return 0;
}

/* Looked at first, since opening a device may already do something. */
static int look(const char *path, struct stat *st, struct verdict *v) {
  if (lstat(path, st) == 0) return check(st, path, v);
  st->st_nlink = 0;
  return errno == ENOENT ? 0 : verdict_defer_errno(v, "unable to look at ", path);
}

enum locking { LOCKED, BUSY, BROKEN };

/* Where others may write, a new file is only made where there is none.  What
 * came or went since it was looked at is looked at anew. */
static enum locking open_file(struct mbox *m, struct verdict *v) {
  if (look(m->path, &m->at_open, v) == -1) return BROKEN;
  bool missing = m->at_open.st_nlink == 0;
  if (!missing && is_null(&m->at_open)) return LOCKED;
  m->fd = open(m->path, OPEN_FLAGS | (missing ? O_CREAT | O_EXCL : 0), 0600);
  if (m->fd == -1 && errno == (missing ? EEXIST : ENOENT)) return BUSY;
  if (m->fd >= 0 && fstat(m->fd, &m->at_open) == 0) return check(&m->at_open, m->path, v) == 0 ? LOCKED : BROKEN;
  verdict_defer_errno(v, "unable to open ", m->path);
  return BROKEN;
}

/* A mail reader may have put another file in its place. */
static bool is_still_there(const struct mbox *m) {
  struct stat st;
  return lstat(m->path, &st) == 0 && st.st_dev == m->at_open.st_dev && st.st_ino == m->at_open.st_ino;
}

static enum locking lock_file(struct mbox *m, struct verdict *v) {
  struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(m->fd, F_OFD_SETLK, &all) == 0) return LOCKED;
  if (errno == EAGAIN || errno == EACCES) return BUSY;
  verdict_defer_errno(v, "unable to lock ", m->path);
  return BROKEN;
}

static enum locking lock_name(struct mbox *m, struct verdict *v) {
  switch (dotlock_take(&m->lock, m->path)) {
  case DOTLOCK_TAKEN:
  case DOTLOCK_IMPOSSIBLE: return is_still_there(m) ? LOCKED : BUSY;
  case DOTLOCK_BUSY: return BUSY;
  case DOTLOCK_ERROR: break;
  }
  verdict_defer_errno(v, "unable to lock ", m->path);
  return BROKEN;
}

/* Both locks or none: others take them in the other order. */
static enum locking lock_once(struct mbox *m, struct verdict *v) {
  enum locking l = open_file(m, v);
  if (l != LOCKED || m->fd == -1) return l; /* -1: /dev/null */
  l = lock_file(m, v);
  return l == LOCKED ? lock_name(m, v) : l;
}

static void pause_ms(int ms) {
  struct timespec t = {0, ms * 1000000L};
  nanosleep(&t, NULL);
}

int mbox_open(struct mbox *m, const char *path, int wait_ms, struct verdict *v) {
  uint64_t deadline = io_deadline(wait_ms);
  *m = (struct mbox){.path = path, .fd = -1};
  for (;;) {
    enum locking l = lock_once(m, v);
    if (l == LOCKED && m->fd >= 0) m->start = m->mark = m->end = lseek(m->fd, 0, SEEK_END);
    if (l == LOCKED) return 0;
    mbox_close(m);
    if (l == BROKEN) return -1;
    if (io_remaining_ms(deadline) == 0) return verdict_defer(v, "4.2.0", "this mbox is locked: ", path);
    pause_ms(PAUSE_MS);
  }
}

/* An earlier delivery that a crash cut short, or a reader that leaves no empty
 * line. */
static int end_last_message(const struct mbox *m, stralloc *out) {
  char last[2] = {'\n', '\n'};
  if (m->end >= 2 && io_pread_all(m->fd, last, 2, m->end - 2) == -1) return -1;
  if (m->end == 1 && io_pread_all(m->fd, last + 1, 1, 0) == -1) return -1;
  const char *missing = last[1] != '\n' ? "\n\n" : last[0] != '\n' ? "\n" : "";
  return stralloc_cats(out, missing) ? 0 : (errno = ENOMEM, -1);
}

struct appending {
  struct fromquote quote;
  stralloc out;
  int fd;
};

static int flush(struct appending *a) {
  int r = io_write_all(a->fd, a->out.s, a->out.len, IO_FOREVER);
  stralloc_zero(&a->out);
  return r;
}

static int append_piece(void *context, struct text piece) {
  struct appending *a = context;
  if (fromquote_add(&a->quote, &a->out, piece) == -1) return errno = ENOMEM, -1;
  return flush(a);
}

static int make_head(stralloc *out, const struct mailbox *box, struct text sender) {
  if (mailbox_cat_from_line(out, sender) == 0 && stralloc_cats(out, "\n") &&
      mailbox_cat_return_path(out, sender) == 0 && stralloc_cats(out, "\n") &&
      mailbox_cat_delivered_to(out, box) == 0 && stralloc_cats(out, "\n"))
    return 0;
  return errno = ENOMEM, -1;
}

static int append(struct mbox *m, struct appending *a, const struct mailbox *box, const struct item *item) {
  if (end_last_message(m, &a->out) == -1 || make_head(&a->out, box, item->envelope->sender) == -1) return -1;
  if (body_each(&item->body, append_piece, a) == -1) return -1;
  if (fromquote_end(&a->quote, &a->out) == -1) return errno = ENOMEM, -1;
  if (flush(a) == -1) return -1;
  off_t end = lseek(m->fd, 0, SEEK_END);
  if (end == -1) return -1;
  m->end = end;
  return 0;
}

/* What cannot be cut off is ended by the next delivery. */
static void cut_off(const struct mbox *m, off_t length) {
  int saved = errno;
  if (ftruncate(m->fd, length) == 0) (void)fsync(m->fd);
  errno = saved;
}

int mbox_append(struct mbox *m, const struct mailbox *box, const struct item *item, struct verdict *v) {
  struct appending a = {.fd = m->fd};
  if (m->fd == -1) return 0;
  int r = append(m, &a, box, item);
  if (r == -1) {
    cut_off(m, m->end);
    verdict_defer_errno(v, "unable to write to the mbox ", m->path);
  }
  stralloc_free(&a.out);
  return r;
}

int mbox_sync(struct mbox *m, struct verdict *v) {
  if (m->fd == -1 || m->end == m->start) return 0;
  /* one that was empty may have been made by an attempt that failed */
  if (fsync(m->fd) == 0 && (m->start > 0 || io_sync_above(m->path) == 0)) return 0;
  return verdict_defer_errno(v, "unable to sync the mbox ", m->path);
}

void mbox_mark(struct mbox *m) { m->mark = m->end; }

void mbox_back(struct mbox *m) {
  if (m->fd >= 0 && m->end > m->mark) cut_off(m, m->mark);
  m->end = m->mark;
}

void mbox_undo(struct mbox *m) {
  m->mark = m->start;
  mbox_back(m);
}

void mbox_close(struct mbox *m) {
  dotlock_release(&m->lock);
  if (m->fd >= 0) close(m->fd);
  m->fd = -1;
}

static void note(struct facts *f, const char *path, const struct stat *st) {
  if (!f) return;
  fact_begin(f, "mbox");
  fact_t(f, text_of(path));
  fact_s(f, st->st_nlink == 0 ? ": missing, it would be made" : is_null(st) ? ": mail is thrown away" : ": it is there");
  fact_detail(f, "path", text_of(path));
  if (st->st_nlink) {
    char mode[8];
    snprintf(mode, sizeof mode, "%04o", (unsigned)st->st_mode & 07777u);
    fact_detail_u(f, "owner", st->st_uid);
    fact_detail(f, "mode", text_of(mode));
  }
  fact_end(f);
}

static int try_above(const char *path) {
  stralloc folder = {0};
  int r = io_folder_of(&folder, path);
  if (r == 0) r = access(folder.s, W_OK | X_OK);
  int saved = errno;
  stralloc_free(&folder);
  return errno = saved, r;
}

int mbox_look(const char *path, struct verdict *v) {
  struct stat st;
  if (look(path, &st, v) == -1) return -1;
  if (st.st_nlink && access(path, R_OK | W_OK) == -1) return verdict_defer_errno(v, "unable to write to the mbox ", path);
  if (!st.st_nlink && try_above(path) == -1) return verdict_defer_errno(v, "unable to open ", path);
  note(v->facts, path, &st);
  return 0;
}
