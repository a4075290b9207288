/* Sizes of files whose names do not tell them. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "mailbox/mailbox.h"

/* So many files are read by the kernel while one is counted here. */
enum { PIECE = 64 * 1024, FILES_AHEAD = 32 };

/* Of the octets as they go over the wire: every LF without a CR before it gets one. */
int mailbox_measure_file(int fd, uint64_t *size, uint64_t *wire_size) {
  static char piece[PIECE];
  char before = 0;
  ssize_t got;
  *size = *wire_size = 0;
  while ((got = read(fd, piece, sizeof piece)) > 0) {
    *size += (uint64_t)got;
    *wire_size += (uint64_t)got;
    const char *end = piece + got;
    for (const char *lf = piece; (lf = memchr(lf, '\n', (size_t)(end - lf))); lf++)
      if ((lf > piece ? lf[-1] : before) != '\r') ++*wire_size;
    before = end[-1];
  }
  return got == 0 ? 0 : -1;
}

struct reading {
  struct mailbox *m;
  size_t next;           /* to be opened */
  int fds[FILES_AHEAD];  /* of the messages before it; -1: none */
};

static bool is_measured(const struct mailbox_message *x) {
  return x->size != SIZE_UNKNOWN && x->wire_size != SIZE_UNKNOWN;
}

static int open_ahead(struct mailbox *m, size_t message) {
  int fd = mailbox_file_at_once(m, message);
  if (fd >= 0) (void)posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
  return fd;
}

/* Where descriptors are scarce fewer are ahead. */
static void read_ahead(struct reading *r, size_t from) {
  for (; r->next < from + FILES_AHEAD && r->next < r->m->count; r->next++) {
    errno = 0;
    int fd = is_measured(&r->m->messages[r->next]) ? -1 : open_ahead(r->m, r->next);
    if (fd == -1 && errno == EMFILE && r->next > from) return;
    r->fds[r->next % FILES_AHEAD] = fd;
  }
}

/* Whether it has been measured now. */
static bool measure_one(struct mailbox_message *x, int fd) {
  if (fd == -1) return false;
  int r = mailbox_measure_file(fd, &x->size, &x->wire_size);
  if (r == -1) x->size = x->wire_size = SIZE_UNKNOWN;
  close(fd);
  return r == 0;
}

static int note_size(struct uidlog *l, const struct mailbox_message *x) {
  size_t number = roster_find_uid(&l->lines.roster, x->uid);
  if (number == ROSTER_NONE || x->wire_size == SIZE_UNKNOWN) return 0;
  const struct roster_entry *e = &l->lines.roster.entries[number];
  if (e->wire_size == x->wire_size && e->size == x->size) return 0;
  return uidlog_note_sizes(l, number, x->size, x->wire_size);
}

static int note_all(struct mailbox *m) {
  for (size_t i = 0; i < m->count; i++)
    if (note_size(&m->log, &m->messages[i]) == -1) return -1;
  return uidlog_commit(&m->log);
}

/* The list is as it was in a log that nobody else has written to. */
static void date_anew(struct mailbox *m, const struct uidlog_time *before) {
  bool same = uidlog_time_equal(before, &m->time.log);
  m->is_dated = m->is_dated && same && !m->log.lines.unmarked && uidlog_time(m->folder, &m->time.log) == 0;
  m->is_kept = false;
}

/* Only a cache: where it cannot be written they are measured again. */
static void note_sizes(struct mailbox *m) {
  struct uidlog_time before;
  if (uidlog_lock(&m->log) == 0 && uidlog_time(m->folder, &before) == 0 && note_all(m) == 0) date_anew(m, &before);
  else m->is_dated = false;
  uidlog_unlock(&m->log);
}

void mailbox_measure(struct mailbox *m) {
  struct reading r = {.m = m};
  bool measured = false;
  for (size_t i = 0; i < m->count; i++) {
    read_ahead(&r, i);
    measured |= measure_one(&m->messages[i], r.fds[i % FILES_AHEAD]);
  }
  if (measured) note_sizes(m);
}
