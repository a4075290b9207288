#include "config.h"
#include "mailbox/index.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "lib/crc32c.h"
#include "lib/iofd.h"
#include "lib/iowait.h"
#include "mailbox/ownfile.h"

enum { PARTS = 3, BYTE_ORDER_MARK = 0x01020304 };

static const char magic[8] = "owlindx1";

/* Numbers as this machine has them: another one finds that nothing checks. */
struct head {
  char magic[8];
  uint32_t byte_order, crc; /* of all that follows */
  uint64_t count, names_len, uidls_len;
  struct mailbox_time time;
};

struct row {
  uint64_t size, wire_size;
  uint32_t uid, name_at, uidl_at;
  uint8_t base_len, is_new, zero[2];
};

/* rows, names, uidls */
struct parts {
  struct iovec of[PARTS];
};

static uint32_t sum_of(const struct head *h, const struct parts *p) {
  uint32_t crc = crc32c(0, (const char *)h + offsetof(struct head, count), sizeof *h - offsetof(struct head, count));
  for (int i = 0; i < PARTS; i++) crc = crc32c(crc, p->of[i].iov_base, p->of[i].iov_len);
  return crc;
}

/* ---- times */

bool index_time_equal(const struct mailbox_time *a, const struct mailbox_time *b) {
  return uidlog_time_equal(&a->log, &b->log) && folder_times_equal(&a->folders, &b->folders);
}

static enum index_match match(const struct mailbox_time *a, const struct mailbox_time *b) {
  if (index_time_equal(a, b)) return INDEX_ALL;
  return folder_time_equal(&a->folders.of_cur, &b->folders.of_cur) ? INDEX_CUR : INDEX_NOTHING;
}

/* ---- reading */

static bool is_ours(const struct head *h, size_t octets) {
  return memcmp(h->magic, magic, sizeof magic) == 0 && h->byte_order == BYTE_ORDER_MARK &&
         h->count <= UINT32_MAX && h->names_len <= UINT32_MAX && h->uidls_len <= UINT32_MAX && h->uidls_len > 0 &&
         sizeof *h + h->count * sizeof(struct row) + h->names_len + h->uidls_len == octets;
}

/* Room for the parts; what was made is freed by the caller. */
static int make_parts(const struct head *h, struct parts *p, stralloc *names, stralloc *uidls) {
  struct row *rows = calloc(h->count + 1, sizeof *rows);
  p->of[0] = (struct iovec){rows, h->count * sizeof *rows};
  if (!rows || !stralloc_ready(names, h->names_len) || !stralloc_ready(uidls, h->uidls_len)) return -1;
  names->len = h->names_len;
  uidls->len = h->uidls_len;
  p->of[1] = (struct iovec){names->s, names->len};
  p->of[2] = (struct iovec){uidls->s, uidls->len};
  return 0;
}

static int read_parts(int fd, const struct head *h, const struct parts *p) {
  size_t left = 0;
  for (int i = 0; i < PARTS; i++) left += p->of[i].iov_len;
  if (preadv(fd, p->of, PARTS, sizeof *h) != (ssize_t)left) return -1;
  return sum_of(h, p) == h->crc ? 0 : -1;
}

static bool ends_with_nul(const stralloc *t) { return t->len == 0 || t->s[t->len - 1] == 0; }

/* Whoever wrote it was the mailbox's user, and may have written anything. */
static bool is_sound(const struct row *r, uint32_t uid_before, const stralloc *names, const stralloc *uidls) {
  if (r->uid <= uid_before || r->name_at >= names->len || r->uidl_at >= uidls->len || r->is_new > 1) return false;
  const char *name = names->s + r->name_at;
  return filename_is_message(name) && strnlen(name, r->base_len) == r->base_len &&
         (name[r->base_len] == 0 || name[r->base_len] == ':');
}

static struct mailbox_message message_of(const struct row *r) {
  return (struct mailbox_message){.uid = r->uid, .size = r->size, .wire_size = r->wire_size, .name_at = r->name_at,
                                  .uidl_at = r->uidl_at, .base_len = r->base_len, .is_new = r->is_new};
}

/* NULL: it does not check, or without memory. */
static struct mailbox_message *messages_of(const struct row *rows, size_t count, const stralloc *names,
                                           const stralloc *uidls) {
  bool is_right = ends_with_nul(names) && ends_with_nul(uidls) && !(names->len && memchr(names->s, '/', names->len));
  struct mailbox_message *all = is_right ? calloc(count + 1, sizeof *all) : NULL;
  for (size_t i = 0; all && i < count; i++) {
    all[i] = message_of(&rows[i]);
    if (is_sound(&rows[i], i ? all[i - 1].uid : 0, names, uidls)) continue;
    free(all);
    return NULL;
  }
  return all;
}

/* Takes names and uidls over. */
static void give_messages(struct mailbox *m, struct mailbox_message *all, size_t count, stralloc *names, stralloc *uidls) {
  free(m->messages);
  stralloc_free(&m->names);
  stralloc_free(&m->uidls);
  m->messages = all;
  m->count = count;
  m->names = *names;
  m->uidls = *uidls;
  *names = *uidls = (stralloc){0};
}

static int see_cur(struct sightings *s, const struct mailbox_message *all, size_t count, const stralloc *names) {
  for (size_t i = 0; i < count; i++)
    if (!all[i].is_new && sightings_add(s, text_of(names->s + all[i].name_at), false) == -1) return -1;
  return 0;
}

static enum index_match take(struct mailbox *m, int fd, const struct head *h, enum index_match what, struct sightings *in_cur) {
  struct parts p = {0};
  stralloc names = {0}, uidls = {0};
  struct mailbox_message *all = NULL;
  if (make_parts(h, &p, &names, &uidls) == 0 && read_parts(fd, h, &p) == 0)
    all = messages_of(p.of[0].iov_base, h->count, &names, &uidls);
  if (!all || (what == INDEX_CUR && see_cur(in_cur, all, h->count, &names) == -1)) what = INDEX_NOTHING;
  if (what == INDEX_ALL) give_messages(m, all, h->count, &names, &uidls);
  else free(all);
  free(p.of[0].iov_base);
  stralloc_free(&names);
  stralloc_free(&uidls);
  return what;
}

enum index_match index_read(struct mailbox *m, const struct mailbox_time *now, struct sightings *in_cur) {
  struct head h;
  struct stat st;
  enum index_match what = INDEX_NOTHING;
  int fd = ownfile_open(m->folder, INDEX_NAME, O_RDONLY, &st);
  if (fd == -1) return INDEX_NOTHING;
  if (pread(fd, &h, sizeof h, 0) == sizeof h && is_ours(&h, (size_t)st.st_size)) what = match(&h.time, now);
  if (what != INDEX_NOTHING) what = take(m, fd, &h, what, in_cur);
  close(fd);
  return what;
}

/* ---- writing */

static struct row row_of(const struct mailbox_message *x) {
  return (struct row){.uid = x->uid, .size = x->size, .wire_size = x->wire_size, .name_at = x->name_at,
                      .uidl_at = x->uidl_at, .base_len = x->base_len, .is_new = x->is_new};
}

static int write_parts(int fd, const struct head *h, const struct parts *p) {
  if (io_write_all(fd, (const char *)h, sizeof *h, IO_FOREVER) == -1) return -1;
  for (int i = 0; i < PARTS; i++)
    if (io_write_all(fd, p->of[i].iov_base, p->of[i].iov_len, IO_FOREVER) == -1) return -1;
  return 0;
}

/* Not synced: what is lost or torn is only read once more. */
static int put_in_place(int folder, const struct head *h, const struct parts *p) {
  char tmp[64];
  snprintf(tmp, sizeof tmp, "tmp/" INDEX_NAME ".%ld", (long)getpid());
  (void)unlinkat(folder, tmp, 0);
  int fd = openat(folder, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, OWNFILE_MODE);
  if (fd == -1) return -1;
  int r = write_parts(fd, h, p) == 0 ? renameat(folder, tmp, folder, INDEX_NAME) : -1;
  int saved = errno;
  close(fd);
  if (r == -1) unlinkat(folder, tmp, 0);
  return errno = saved, r;
}

int index_write(const struct mailbox *m, const struct mailbox_time *then) {
  struct row *rows = calloc(m->count + 1, sizeof *rows);
  if (!rows) return -1;
  for (size_t i = 0; i < m->count; i++) rows[i] = row_of(&m->messages[i]);
  struct parts p = {{{rows, m->count * sizeof *rows}, {m->names.s, m->names.len}, {m->uidls.s, m->uidls.len}}};
  struct head h = {.byte_order = BYTE_ORDER_MARK, .count = m->count, .names_len = m->names.len,
                   .uidls_len = m->uidls.len, .time = *then};
  memcpy(h.magic, magic, sizeof magic);
  h.crc = sum_of(&h, &p);
  int r = put_in_place(m->folder, &h, &p);
  free(rows);
  return r;
}
