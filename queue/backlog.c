#include "config.h"
#include "queue/backlog.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/room.h"

enum { NAMES_AT_ONCE = 64, LOG_NAME_SPACE = QUEUEID_LENGTH + 5, LOG_ROOM = 4096 };
static const char ending[] = ".log";

bool backlog_is_loaded(const struct backlog *b) { return b->done_count == QUEUEID_FOLDERS; }

/* ---- one folder, and the next */

static void close_folder(struct backlog *b) {
  for (; b->taken < b->asked; b->taken++)
    if (b->ahead[b->taken % BACKLOG_AHEAD] >= 0) close(b->ahead[b->taken % BACKLOG_AHEAD]);
  if (b->listing) closedir(b->listing); /* and its descriptor */
  b->listing = NULL;
  b->listed = false;
  b->count = b->asked = b->taken = 0;
}

static void free_memory(struct backlog *b) {
  free(b->entries);
  b->entries = NULL;
  b->space = 0;
  stralloc_free(&b->log);
}

static void go_to_next(struct backlog *b) {
  close_folder(b);
  if (backlog_is_loaded(b)) {
    free_memory(b);
    return;
  }
  do b->folder = (b->folder + 1) % QUEUEID_FOLDERS;
  while (b->done[b->folder]);
}

static void finish_folder(struct backlog *b) {
  b->done[b->folder] = true;
  b->done_count++;
  go_to_next(b);
}

static int give_up(struct backlog *b) {
  int saved = errno;
  go_to_next(b);
  return errno = saved, -1;
}

/* ---- its names */

static int open_folder(struct backlog *b, struct store *s) {
  char path[16];
  store_wait_folder(path, b->folder);
  b->fd = openat(s->queue_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (b->fd == -1) return -1;
  b->removals = s->removals;
  b->listing = fdopendir(b->fd);
  if (!b->listing) close(b->fd);
  return b->listing ? 0 : -1;
}

static int add_entry(struct backlog *b, const struct backlog_entry *e) {
  if (room_make(&b->entries, b->count, &b->space, sizeof *b->entries, 256) == -1) return -1;
  b->entries[b->count++] = *e;
  return 0;
}

/* Others are passed over, unless a crash left them. */
static int take_name(struct backlog *b, struct store *s, const struct dirent *d) {
  struct backlog_entry e = {.inode = d->d_ino};
  struct text name = text_of(d->d_name);
  if (name.len > QUEUEID_LENGTH && strcmp(name.s + QUEUEID_LENGTH, ending) == 0) {
    e.is_log = true;
    name.len = QUEUEID_LENGTH;
  }
  if (queueid_parse(&e.id, name)) return add_entry(b, &e);
  (void)store_clear_log(s, b->folder, d->d_name); /* what stays does no harm */
  return 0;
}

static int by_name(const void *a, const void *b) {
  const struct backlog_entry *x = a, *y = b;
  int order = strcmp(x->id.s, y->id.s);
  return order ? order : x->is_log - y->is_log;
}

static int by_inode(const void *a, const void *b) {
  const struct backlog_entry *x = a, *y = b;
  return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static void clear_alone(const struct backlog *b, struct store *s, const struct queueid *id) {
  char name[LOG_NAME_SPACE];
  snprintf(name, sizeof name, "%s%s", id->s, ending);
  (void)store_clear_log(s, b->folder, name);
}

/* Messages stay, each with its log's inode; a log alone is what a crash left,
 * or its message went while the folder was listed. */
static void pair(struct backlog *b, struct store *s) {
  size_t kept = 0;
  b->listed = true;
  if (b->count == 0) return; /* nor is there an array */
  qsort(b->entries, b->count, sizeof *b->entries, by_name);
  for (size_t i = 0; i < b->count; i++) {
    if (b->entries[i].is_log) {
      clear_alone(b, s, &b->entries[i].id);
      continue;
    }
    bool has_log = i + 1 < b->count && b->entries[i + 1].is_log &&
                   strcmp(b->entries[i].id.s, b->entries[i + 1].id.s) == 0;
    b->entries[kept] = b->entries[i];
    b->entries[kept++].inode = has_log ? b->entries[i + 1].inode : 0;
    i += has_log;
  }
  b->count = kept;
  qsort(b->entries, b->count, sizeof *b->entries, by_inode);
}

static int list_some(struct backlog *b, struct store *s) {
  for (unsigned n = 0; n < NAMES_AT_ONCE; n++) {
    errno = 0;
    const struct dirent *d = readdir(b->listing);
    if (!d && errno) return -1;
    if (!d) return pair(b, s), 0;
    if (take_name(b, s, d) == -1) return -1;
  }
  return 0;
}

/* ---- its logs */

static bool passes_by(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

/* 0, or -1: try again.  *fd is -1 where no log can be opened. */
static int open_log(const struct backlog *b, const struct backlog_entry *e, int *fd) {
  char name[LOG_NAME_SPACE];
  *fd = -1;
  if (e->inode == 0) return 0;
  snprintf(name, sizeof name, "%s%s", e->id.s, ending);
  *fd = openat(b->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  return *fd == -1 && passes_by(errno) ? -1 : 0;
}

/* Each that is opened is on its way from the disk while others are read. */
static int ask_ahead(struct backlog *b) {
  while (b->asked < b->count && b->asked - b->taken < BACKLOG_AHEAD) {
    int fd;
    if (open_log(b, &b->entries[b->asked], &fd) == -1) return -1;
    if (fd >= 0) (void)posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
    b->ahead[b->asked++ % BACKLOG_AHEAD] = fd;
  }
  return 0;
}

/* Most logs are shorter than what one read asks for. */
static int read_log(struct backlog *b, int fd) {
  stralloc_zero(&b->log);
  for (off_t at = 0;; at = (off_t)b->log.len) {
    if (!stralloc_readyplus(&b->log, LOG_ROOM)) return errno = ENOMEM, -1;
    ssize_t n = pread(fd, b->log.s + b->log.len, LOG_ROOM, at);
    if (n == -1 && errno == EINTR) continue;
    if (n == -1) return -1;
    b->log.len += (size_t)n;
    if (n < LOG_ROOM) return 0;
  }
}

/* A message's log may outlive it.  Asking for its name costs a cold disk another
 * inode, so that is done only when something went since the names were read. */
static bool is_gone(const struct backlog *b, const struct store *s, const struct queueid *id) {
  if (b->removals == s->removals) return false;
  return faccessat(b->fd, id->s, F_OK, AT_SYMLINK_NOFOLLOW) == -1 && errno == ENOENT;
}

/* A message without a log that can be read is due now, and its round says what
 * is wrong with it. */
static int hand_over(struct backlog *b, const struct store *s, backlog_found *found,
                     void *context) {
  const struct queueid *id = &b->entries[b->taken].id;
  int fd = b->ahead[b->taken % BACKLOG_AHEAD];
  bool read = fd >= 0 && read_log(b, fd) == 0;
  if (fd >= 0 && !read && errno == ENOMEM) return -1;
  struct text log = read ? text_of_stralloc(&b->log) : text_of("");
  if (!is_gone(b, s, id) && found(context, id, log) == -1) return -1;
  if (fd >= 0) close(fd);
  b->taken++;
  return 0;
}

/* ---- steps */

static int do_some(struct backlog *b, struct store *s, backlog_found *found, void *context) {
  if (!b->listing && open_folder(b, s) == -1) return give_up(b);
  if (!b->listed) return list_some(b, s) == -1 ? give_up(b) : 0;
  if (ask_ahead(b) == -1 && b->asked == b->taken) return -1;
  if (b->taken < b->count) return hand_over(b, s, found, context);
  return finish_folder(b), 0;
}

int backlog_step(struct backlog *b, struct store *s, const struct clock *clock, uint64_t limit_us,
                 backlog_found *found, void *context) {
  uint64_t end_us = clock_boot_us(clock) + limit_us;
  while (!backlog_is_loaded(b)) {
    if (do_some(b, s, found, context) == -1) return -1;
    if (clock_boot_us(clock) >= end_us) break;
  }
  return 0;
}

void backlog_free(struct backlog *b) {
  close_folder(b);
  free_memory(b);
}
