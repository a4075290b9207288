/* What is in the folder, against what is in its log. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "mailbox/index.h"
#include "mailbox/takeover.h"

enum { LOOKS_MAX = 5 };

struct look {
  struct mailbox *m;
  struct sightings seen;
  bool has_cur;         /* seen has what lay in cur/ when it was last changed, as far as now tells */
  struct mailbox_time now;
  struct folder_times when; /* it was seen */
  bool is_whole;        /* nobody can have been missed */
  size_t *where;        /* by entry: its sighting and 1, or 0 */
  size_t *unknown;      /* sightings without an entry */
  size_t unknown_count;
  uint32_t *missing;    /* UIDs without a sighting */
  size_t missing_count;
};

static void look_free(struct look *k) {
  free(k->where);
  free(k->unknown);
  free(k->missing);
  sightings_free(&k->seen);
}

static const struct roster *roster_of(const struct look *k) { return &k->m->log.lines.roster; }

static int make_arrays(struct look *k) {
  free(k->where);
  free(k->unknown);
  k->where = calloc(roster_of(k)->count + 1, sizeof *k->where);
  k->unknown = calloc(k->seen.count + 1, sizeof *k->unknown);
  k->unknown_count = 0;
  return k->where && k->unknown ? 0 : -1;
}

/* Of a file that another has found to be gone since it was seen here; of which a log
 * that was written anew says nothing. */
static bool is_stale(const struct look *k, size_t i, struct text base) {
  bool may_be = k->m->log.is_replaced || roster_had(roster_of(k), base);
  return may_be && !sightings_holds(&k->seen, i, k->m->folder);
}

/* Which sighting is whose. */
static int match(struct look *k) {
  if (make_arrays(k) == -1) return -1;
  for (size_t i = 0; i < k->seen.count; i++) {
    struct text base = sightings_name(&k->seen, i).base;
    size_t n = roster_find(roster_of(k), base);
    if (n != ROSTER_NONE) k->where[n] = i + 1;
    else if (!is_stale(k, i, base)) k->unknown[k->unknown_count++] = i;
  }
  return 0;
}

static size_t count_missing(const struct look *k) {
  size_t n = 0;
  for (size_t i = 0; i < roster_of(k)->count; i++) n += !roster_of(k)->entries[i].gone && !k->where[i];
  return n;
}

static int look_again(struct look *k) {
  int folder = k->m->folder;
  int r = k->has_cur ? sightings_read_new(&k->seen, folder, &k->now.folders.of_cur, &k->when, &k->is_whole)
                     : sightings_read(&k->seen, folder, &k->when, &k->is_whole);
  k->has_cur = false;
  return r == 0 ? match(k) : -1;
}

/* Who is missed in a look that can have missed nobody is gone.  Where others keep
 * renaming files there is no such look, and it stays open. */
static int find_missing(struct look *k) {
  size_t missing = count_missing(k);
  for (int looks = 1; missing && !(looks > 1 && k->is_whole) && looks < LOOKS_MAX; looks++) {
    if (look_again(k) == -1) return -1;
    missing = count_missing(k);
  }
  if (!k->is_whole) return 0;
  if (missing && !(k->missing = calloc(missing, sizeof *k->missing))) return -1;
  for (size_t i = 0; i < roster_of(k)->count && missing; i++)
    if (!roster_of(k)->entries[i].gone && !k->where[i]) k->missing[k->missing_count++] = roster_of(k)->entries[i].uid;
  return 0;
}

/* ---- writing it down */

/* A new file and its place among those that another server knew. */
struct newcomer {
  struct filename name;
  size_t known; /* or ROSTER_NONE */
};

static int compare(const void *a, const void *b) {
  const struct newcomer *x = a, *y = b;
  if (x->known != y->known) return x->known < y->known ? -1 : 1;
  return filename_compare(&x->name, &y->name);
}

static struct newcomer *newcomers(const struct look *k, const struct takeover *t) {
  struct newcomer *all = calloc(k->unknown_count + 1, sizeof *all);
  for (size_t i = 0; all && i < k->unknown_count; i++) {
    all[i].name = sightings_name(&k->seen, k->unknown[i]);
    all[i].known = roster_find(&t->known, all[i].name.base);
  }
  if (all) qsort(all, k->unknown_count, sizeof *all, compare);
  return all;
}

/* A base that was seen in two places gets one entry. */
static int add_one(struct uidlog *l, const struct newcomer *x, const struct takeover *t) {
  bool is_known = x->known != ROSTER_NONE;
  size_t number;
  if (roster_find(&l->lines.roster, x->name.base) != ROSTER_NONE) return 0;
  if (!is_known) uidlog_raise(l, t->next);
  return uidlog_add(l, is_known ? t->known.entries[x->known].uid : 0, &x->name,
                    takeover_uidl(t, x->name.base), &number);
}

static int add_unknown(struct look *k, const struct takeover *t) {
  struct newcomer *all = newcomers(k, t);
  int r = all ? 0 : -1;
  for (size_t i = 0; i < k->unknown_count && r == 0; i++) r = add_one(&k->m->log, &all[i], t);
  free(all);
  return r;
}

static int assign_first(struct look *k) {
  struct uidlog *l = &k->m->log;
  struct takeover t = {.format = k->m->uidl_format};
  int r = takeover_read(&t, k->m->folder);
  if (r == 0) {
    uidlog_begin(l, t.validity, t.least_validity);
    r = add_unknown(k, &t);
    uidlog_raise(l, t.next);
  }
  int saved = errno;
  takeover_free(&t);
  errno = saved;
  return r;
}

/* All of it in one step: who finds a log looks for no other server's files. */
static int begin(struct look *k) { return assign_first(k) == 0 && uidlog_rewrite(&k->m->log) == 0 ? 0 : -1; }

static int note_missing(struct look *k) {
  for (size_t i = 0; i < k->missing_count; i++) {
    size_t n = roster_find_uid(roster_of(k), k->missing[i]);
    if (n != ROSTER_NONE && uidlog_note_gone(&k->m->log, n) == -1) return -1;
  }
  return 0;
}

static int go_on(struct look *k) {
  static const struct takeover nothing;
  struct uidlog *l = &k->m->log;
  if (note_missing(k) == -1 || add_unknown(k, &nothing) == -1 || uidlog_commit(l) == -1) return -1;
  return uidlog_wants_rewrite(l) && uidlog_rewrite(l) == -1 ? -1 : 0; /* where it cannot be, good as it is */
}

/* UIDs are used up, or another server's were: only under another UIDVALIDITY there
 * are more (RFC 9051 2.3.1.1). */
static int start_over(struct look *k) {
  if (takeover_close(k->m->folder, k->m->log.lines.validity) == -1) return -1;
  uidlog_empty(&k->m->log);
  return match(k) == 0 ? begin(k) : -1;
}

/* What others have written since has been read by then. */
static int write_locked(struct look *k) {
  struct uidlog *l = &k->m->log;
  int r = match(k);
  if (r == 0) r = l->lines.validity ? go_on(k) : begin(k);
  if (r == -1 && errno == EOVERFLOW) r = start_over(k);
  if (r == 0) r = takeover_close(k->m->folder, l->lines.validity);
  return r == 0 ? match(k) : -1;
}

static bool has_no_room(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EROFS;
}

static int assign_in_memory(struct look *k) {
  static const struct takeover nothing;
  struct uidlog *l = &k->m->log;
  k->m->is_uncertain = true;
  int r = match(k);
  if (r == 0) r = l->lines.validity ? add_unknown(k, &nothing) : assign_first(k);
  stralloc_zero(&l->out);
  return r == 0 ? match(k) : -1;
}

static int write_down(struct look *k) {
  if (k->unknown_count == 0 && k->missing_count == 0 && k->m->log.lines.validity) return 0;
  int r = uidlog_lock(&k->m->log);
  if (r == 0) r = write_locked(k);
  int saved = errno;
  uidlog_unlock(&k->m->log);
  if (r == 0 || !has_no_room(saved)) return errno = saved, r;
  return assign_in_memory(k);
}

/* ---- the list */

static int cat_uidl(struct mailbox *m, struct text uidl, uint32_t *at) {
  *at = 0;
  if (uidl.len == 0) return 0;
  *at = (uint32_t)m->uidls.len;
  return text_cat(&m->uidls, uidl) == 0 && stralloc_0(&m->uidls) ? 0 : -1;
}

static int add_message(struct look *k, size_t number) {
  const struct sighting *seen = &k->seen.all[k->where[number] - 1];
  const struct roster_entry *e = &roster_of(k)->entries[number];
  struct mailbox_message *x = &k->m->messages[k->m->count++];
  *x = (struct mailbox_message){.uid = e->uid, .size = e->size, .wire_size = e->wire_size, .base_len = e->base_len,
                                .name_at = (uint32_t)seen->name_at, .is_new = seen->is_new};
  return cat_uidl(k->m, roster_uidl(roster_of(k), number), &x->uidl_at);
}

static int make_list(struct look *k) {
  struct mailbox *m = k->m;
  struct mailbox_message *list = calloc(roster_of(k)->count + 1, sizeof *list);
  if (!list) return -1;
  free(m->messages);
  m->messages = list;
  m->count = 0;
  stralloc_zero(&m->uidls);
  if (!stralloc_0(&m->uidls) || k->seen.names.len > UINT32_MAX) return errno = ENOMEM, -1;
  for (size_t i = 0; i < roster_of(k)->count; i++)
    if (k->where[i] && add_message(k, i) == -1) return errno = ENOMEM, -1;
  stralloc_free(&m->names);
  m->names = k->seen.names;
  k->seen.names = (stralloc){0};
  return 0;
}

/* ---- the time that the list is from */

static int take_time(const struct mailbox *m, struct mailbox_time *t) {
  return sightings_times(m->folder, &t->folders) == 0 ? uidlog_time(m->folder, &t->log) : -1;
}

/* Only where all that is in the log is on the disk, and no other program can have
 * added anything to it or to the folder unseen. */
static int date(struct look *k) {
  struct mailbox *m = k->m;
  m->time.folders = k->when;
  if (uidlog_time(m->folder, &m->time.log) == -1) return -1;
  m->is_dated = k->is_whole && !m->is_uncertain && !m->log.lines.unmarked && uidlog_is(&m->log, &m->time.log);
  m->is_kept = false;
  return 0;
}

static int look_closely(struct look *k) {
  if (mailbox_read_log(k->m) == -1) return -1;
  k->m->log.is_replaced = false;
  if (look_again(k) == -1 || find_missing(k) == -1) return -1;
  return write_down(k) == 0 && make_list(k) == 0 ? date(k) : -1;
}

int mailbox_look(struct mailbox *m) {
  struct look k = {.m = m};
  if (take_time(m, &k.now) == -1) return -1;
  if (m->is_dated && index_time_equal(&m->time, &k.now)) return 0;
  enum index_match found = index_read(m, &k.now, &k.seen);
  k.has_cur = found == INDEX_CUR;
  m->is_dated = m->is_kept = found == INDEX_ALL;
  m->time = k.now;
  int r = found == INDEX_ALL ? 0 : look_closely(&k);
  int saved = errno;
  look_free(&k);
  errno = saved;
  return r;
}
