#include "config.h"
#include "mailbox/mailbox.h"
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/hex.h"
#include "lib/iofd.h"
#include "lib/movenew.h"
#include "mailbox/changes.h"
#include "mailbox/index.h"
#include "mailbox/uidlformat.h"

/* Who asks for a message is told the truth; but a mailbox in which others never rest is
 * looked through only so often. */
enum { LOOKS_AT_ONCE = 4, LOOKS_FOR_ONE = 20, LOOKS_IN_ALL = 300, PAUSE_US = 10000 };

static int open_folder(struct mailbox *m, const char *path) {
  *m = (struct mailbox){.log = {.fd = -1}, .events = -1};
  m->folder = m->log.folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return m->folder == -1 ? -1 : 0;
}

int mailbox_open(struct mailbox *m, const char *path) {
  return open_folder(m, path) == 0 ? mailbox_look(m) : -1;
}

int mailbox_take_over(struct mailbox *m, const char *path, struct text uidl_format) {
  static const struct uidlformat_facts any = {1, 1, {"", 0}};
  stralloc probe = {0};
  int r = open_folder(m, path) == 0 ? mailbox_read_log(m) : -1;
  if (r == 0 && m->log.lines.validity) r = (errno = EEXIST, -1);
  if (r == 0) r = uidlformat_put(&probe, uidl_format, &any);
  stralloc_free(&probe);
  m->uidl_format = uidl_format;
  return r == 0 ? mailbox_look(m) : -1;
}

int mailbox_read_log(struct mailbox *m) { return m->log.fd >= 0 ? 0 : uidlog_open(&m->log, m->folder); }

void mailbox_keep(struct mailbox *m) {
  if (m->is_dated && !m->is_kept) m->is_kept = index_write(m, &m->time) == 0;
  if (!m->is_uncertain) uidlog_close(&m->log);
}

void mailbox_close(struct mailbox *m) {
  uidlog_close(&m->log);
  if (m->events >= 0) close(m->events);
  if (m->folder >= 0) close(m->folder);
  free(m->messages);
  stralloc_free(&m->names);
  stralloc_free(&m->uidls);
  *m = (struct mailbox){.folder = -1, .log = {.fd = -1}, .events = -1};
}

/* ---- UIDLs */

/* RFC 1939 7: octets 0x21 to 0x7e. */
static bool can_be_uidl(struct text t) {
  if (t.len == 0 || t.len > ROSTER_UIDL_MAX) return false;
  for (size_t i = 0; i < t.len; i++)
    if (t.s[i] < '!' || t.s[i] > '~') return false;
  return true;
}

static int cat_digest(stralloc *out, struct text t) {
  struct sha256_ctx context;
  uint8_t digest[SHA256_DIGEST_SIZE];
  sha256_init(&context);
  sha256_update(&context, t.len, (const uint8_t *)t.s);
  sha256_digest(&context, sizeof digest, digest);
  return hex_cat(out, (struct text){(const char *)digest, sizeof digest});
}

static struct text base_of(const struct mailbox *m, const struct mailbox_message *x) {
  return (struct text){m->names.s + x->name_at, x->base_len};
}

int mailbox_uidl(const struct mailbox *m, size_t message, stralloc *out) {
  const struct mailbox_message *x = &m->messages[message];
  struct text own = text_of(m->uidls.s + x->uidl_at), base = base_of(m, x);
  if (!can_be_uidl(own)) own = base;
  return can_be_uidl(own) ? text_cat(out, own) : cat_digest(out, base);
}

/* ---- files */

static int path_of(const struct mailbox *m, const struct mailbox_message *x, stralloc *path) {
  const char *name = m->names.s + x->name_at;
  stralloc_zero(path);
  if (stralloc_cats(path, x->is_new ? "new/" : "cur/") && stralloc_catb(path, name, strlen(name) + 1)) return 0;
  return errno = ENOMEM, -1;
}

/* Their bases; an entry's number is the message's. */
static int roster_of(const struct mailbox *m, struct roster *r) {
  for (size_t i = 0; i < m->count; i++)
    if (roster_add(r, m->messages[i].uid, base_of(m, &m->messages[i]), TEXT_ABSENT) == ROSTER_NONE) return -1;
  return 0;
}

/* Names of messages that were not seen stay as they were. */
static int keep_names(struct mailbox *m, stralloc *names, const bool *seen) {
  for (size_t i = 0; i < m->count; i++) {
    if (seen[i]) continue;
    const char *name = m->names.s + m->messages[i].name_at;
    m->messages[i].name_at = (uint32_t)names->len;
    if (!stralloc_catb(names, name, strlen(name) + 1)) return errno = ENOMEM, -1;
  }
  return 0;
}

static void take_sightings(struct mailbox *m, const struct roster *r, const struct sightings *s, bool *seen) {
  for (size_t i = 0; i < s->count; i++) {
    size_t n = roster_find(r, sightings_name(s, i).base);
    if (n == ROSTER_NONE) continue;
    m->messages[n].name_at = (uint32_t)s->all[i].name_at;
    m->messages[n].is_new = s->all[i].is_new;
    seen[n] = true;
  }
}

static int take_names(struct mailbox *m, struct sightings *s, bool *seen) {
  struct roster r = {0};
  int result = s->names.len + m->names.len <= UINT32_MAX && seen ? roster_of(m, &r) : -1;
  if (result == 0) {
    take_sightings(m, &r, s, seen);
    result = keep_names(m, &s->names, seen);
    stralloc swap = m->names;
    m->names = s->names;
    s->names = swap;
  }
  roster_free(&r);
  return result;
}

/* Where other programs have renamed files to: for all messages at once, by their
 * base names.  Who is missed where nobody can be missed is gone. */
static int find_again(struct mailbox *m) {
  struct sightings s = {0};
  struct folder_times when;
  bool is_whole, *seen = calloc(m->count + 1, sizeof *seen);
  m->is_dated = false;
  int r = sightings_read(&s, m->folder, &when, &is_whole);
  if (r == 0) r = take_names(m, &s, seen);
  for (size_t i = 0; i < m->count && r == 0 && is_whole; i++) m->messages[i].is_gone = !seen[i];
  int saved = errno;
  sightings_free(&s);
  free(seen);
  errno = saved;
  return r;
}

typedef int act_fn(int folder, const char *path);

static int open_plain(int folder, const char *path) {
  struct stat st;
  int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd == -1) return -1;
  if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) return fd;
  close(fd);
  return errno = ENOENT, -1;
}

static int delete(int folder, const char *path) { return unlinkat(folder, path, 0); }

/* Where others rename it again and again it may be met nowhere; and what was changed
 * just now makes no look whole. */
static int act_on(struct mailbox *m, size_t message, act_fn *act, int looks) {
  struct mailbox_message *x = &m->messages[message];
  stralloc path = {0};
  int r = -1;
  errno = ENOENT;
  for (int i = 0; i < looks && !x->is_gone; i++) {
    if (i >= LOOKS_AT_ONCE) usleep(PAUSE_US);
    if (path_of(m, x, &path) == -1) break;
    r = act(m->folder, path.s);
    if (r >= 0 || errno != ENOENT) break;
    errno = EAGAIN;
    if (m->looks == LOOKS_IN_ALL || find_again(m) == -1) break;
    m->looks++;
    errno = x->is_gone ? ENOENT : EAGAIN;
  }
  int saved = errno;
  stralloc_free(&path);
  errno = saved;
  return r;
}

int mailbox_file(struct mailbox *m, size_t message) { return act_on(m, message, open_plain, LOOKS_FOR_ONE); }

int mailbox_file_at_once(struct mailbox *m, size_t message) { return act_on(m, message, open_plain, LOOKS_AT_ONCE); }

/* A crash or a backup that was put back can have left it in new/ as well, and there it
 * would be back at the next look. */
static void delete_twin(const struct mailbox *m, const struct mailbox_message *x) {
  char path[sizeof "new/" + ROSTER_BASE_MAX];
  struct text base = base_of(m, x);
  snprintf(path, sizeof path, "new/%.*s", (int)base.len, base.s);
  if (!x->is_new) (void)unlinkat(m->folder, path, 0);
}

int mailbox_remove(struct mailbox *m, size_t message) {
  changes_begin(m);
  int r = act_on(m, message, delete, LOOKS_FOR_ONE);
  if (r == -1 && errno != ENOENT) return -1;
  if (r != -1) m->own_changes += CHANGES_DELETION;
  delete_twin(m, &m->messages[message]);
  m->messages[message].is_removed = true;
  return 0;
}

int mailbox_sync(const struct mailbox *m) {
  return io_sync_folder(m->folder, "new") == 0 ? io_sync_folder(m->folder, "cur") : -1;
}

/* The name in cur/ is in names then. */
static int move_to_cur(struct mailbox *m, struct mailbox_message *x) {
  stralloc from = {0}, to = {0};
  size_t name_at = m->names.len;
  int r = path_of(m, x, &from) == 0 && stralloc_cats(&to, "cur/") && stralloc_cats(&to, m->names.s + x->name_at) &&
          stralloc_catb(&to, ":2,", 4) && to.len <= UINT32_MAX - name_at &&
          stralloc_catb(&m->names, to.s + 4, to.len - 4) ? 0 : -1;
  if (r == 0) r = movenew(m->folder, from.s, to.s);
  if (r == 0) {
    x->name_at = (uint32_t)name_at;
    x->is_new = false;
    m->own_changes += CHANGES_RENAME;
  }
  stralloc_free(&from);
  stralloc_free(&to);
  return r;
}

void mailbox_seen(struct mailbox *m) {
  for (size_t i = 0; i < m->count; i++) {
    struct mailbox_message *x = &m->messages[i];
    if (!x->is_new || x->is_removed || strchr(m->names.s + x->name_at, ':')) continue;
    changes_begin(m);
    (void)move_to_cur(m, x);
  }
}

void mailbox_settle(struct mailbox *m) {
  size_t kept = 0;
  if (!changes_end(m)) return;
  for (size_t i = 0; i < m->count; i++)
    if (!m->messages[i].is_removed) m->messages[kept++] = m->messages[i];
  m->count = kept;
  mailbox_keep(m);
}
