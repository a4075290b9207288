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
#include "mailbox/sightings.h"

enum { LOOKS_FOR_A_FILE = 3 };

int mailbox_open(struct mailbox *m, const char *path) {
  *m = (struct mailbox){.log = {.fd = -1}};
  m->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (m->folder == -1 || uidlog_open(&m->log, m->folder) == -1) return -1;
  return mailbox_look(m);
}

void mailbox_close(struct mailbox *m) {
  uidlog_close(&m->log);
  if (m->folder >= 0) close(m->folder);
  free(m->messages);
  stralloc_free(&m->names);
  *m = (struct mailbox){.folder = -1, .log = {.fd = -1}};
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

int mailbox_uidl(const struct mailbox *m, size_t message, stralloc *out) {
  const struct roster *r = &m->log.lines.roster;
  size_t number = roster_find_uid(r, m->messages[message].uid);
  struct filename f;
  filename_read(&f, text_of(m->names.s + m->messages[message].name_at));
  struct text own = number == ROSTER_NONE ? TEXT_ABSENT : roster_uidl(r, number);
  if (!can_be_uidl(own)) own = f.base;
  return can_be_uidl(own) ? text_cat(out, own) : cat_digest(out, f.base);
}

/* ---- files */

static int path_of(const struct mailbox *m, const struct mailbox_message *x, stralloc *path) {
  const char *name = m->names.s + x->name_at;
  stralloc_zero(path);
  if (stralloc_cats(path, x->is_new ? "new/" : "cur/") && stralloc_catb(path, name, strlen(name) + 1)) return 0;
  return errno = ENOMEM, -1;
}

/* The message with this base, in the order of UIDs; NULL: none of ours. */
static struct mailbox_message *message_of(struct mailbox *m, struct text base) {
  size_t number = roster_find(&m->log.lines.roster, base), low = 0, high = m->count;
  if (number == ROSTER_NONE) return NULL;
  uint32_t uid = m->log.lines.roster.entries[number].uid;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (m->messages[middle].uid < uid) low = middle + 1;
    else high = middle;
  }
  return low < m->count && m->messages[low].uid == uid ? &m->messages[low] : NULL;
}

/* Names of messages that were not seen stay as they were. */
static int keep_names(struct mailbox *m, stralloc *names, const bool *seen) {
  for (size_t i = 0; i < m->count; i++) {
    if (seen[i]) continue;
    const char *name = m->names.s + m->messages[i].name_at;
    m->messages[i].name_at = names->len;
    if (!stralloc_catb(names, name, strlen(name) + 1)) return errno = ENOMEM, -1;
  }
  return 0;
}

static void take_sightings(struct mailbox *m, const struct sightings *s, bool *seen) {
  for (size_t i = 0; i < s->count; i++) {
    struct mailbox_message *x = message_of(m, sightings_name(s, i).base);
    if (!x) continue;
    x->name_at = s->all[i].name_at;
    x->is_new = s->all[i].is_new;
    seen[x - m->messages] = true;
  }
}

/* Where other programs have renamed files to: for all messages at once, by their
 * base names.  Who is missed where nobody can be missed is gone. */
static int find_again(struct mailbox *m) {
  struct sightings s = {0};
  bool is_whole, *seen = calloc(m->count + 1, sizeof *seen);
  int r = seen ? sightings_read(&s, m->folder, &is_whole) : -1;
  if (r == 0) {
    take_sightings(m, &s, seen);
    r = keep_names(m, &s.names, seen);
    stralloc swap = m->names;
    m->names = s.names;
    s.names = swap;
  }
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

static int act_on(struct mailbox *m, size_t message, act_fn *act) {
  struct mailbox_message *x = &m->messages[message];
  stralloc path = {0};
  int r = -1;
  errno = ENOENT;
  for (int i = 0; i < LOOKS_FOR_A_FILE && !x->is_gone; i++) {
    if (path_of(m, x, &path) == -1) break;
    r = act(m->folder, path.s);
    if (r >= 0 || errno != ENOENT || find_again(m) == -1) break;
    errno = ENOENT;
  }
  int saved = errno;
  stralloc_free(&path);
  errno = saved;
  return r;
}

int mailbox_file(struct mailbox *m, size_t message) { return act_on(m, message, open_plain); }

int mailbox_remove(struct mailbox *m, size_t message) {
  if (act_on(m, message, delete) == -1 && errno != ENOENT) return -1;
  m->messages[message].is_removed = true;
  return 0;
}

int mailbox_sync(const struct mailbox *m) {
  return io_sync_folder(m->folder, "new") == 0 ? io_sync_folder(m->folder, "cur") : -1;
}

static int move_to_cur(const struct mailbox *m, const char *name) {
  stralloc from = {0}, to = {0};
  int r = stralloc_cats(&from, "new/") && stralloc_catb(&from, name, strlen(name) + 1) &&
          stralloc_cats(&to, "cur/") && stralloc_cats(&to, name) && stralloc_catb(&to, ":2,", 4) ? 0 : -1;
  if (r == 0) r = renameat2(m->folder, from.s, m->folder, to.s, RENAME_NOREPLACE);
  stralloc_free(&from);
  stralloc_free(&to);
  return r;
}

void mailbox_seen(struct mailbox *m) {
  for (size_t i = 0; i < m->count; i++) {
    const struct mailbox_message *x = &m->messages[i];
    const char *name = m->names.s + x->name_at;
    if (x->is_new && !x->is_removed && !strchr(name, ':')) (void)move_to_cur(m, name);
  }
}
