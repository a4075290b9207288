/* What is in the folder, against what is in its log. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "mailbox/mailbox.h"
#include "mailbox/sightings.h"
#include "mailbox/takeover.h"

enum { LOOKS_MAX = 5 };

struct look {
  struct mailbox *m;
  struct sightings seen;
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

/* Of a file that another has found to be gone since it was seen here. */
static bool is_stale(const struct look *k, size_t i, struct text base) {
  return roster_had(roster_of(k), base) && !sightings_holds(&k->seen, i, k->m->folder);
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

static int look_again(struct look *k, bool *is_whole) {
  return sightings_read(&k->seen, k->m->folder, is_whole) == 0 ? match(k) : -1;
}

/* Who is missed in a look that can have missed nobody is gone.  Where others keep
 * renaming files there is no such look, and it stays open. */
static int find_missing(struct look *k) {
  size_t missing = count_missing(k);
  bool is_whole = false;
  for (int looks = 1; missing && !is_whole && looks < LOOKS_MAX; looks++) {
    if (look_again(k, &is_whole) == -1) return -1;
    missing = count_missing(k);
  }
  if (!is_whole) return 0;
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
  struct takeover t = {0};
  int r = takeover_read(&t, k->m->folder);
  if (r == 0) {
    uidlog_begin(l, t.validity);
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

/* What others have written since has been read by then. */
static int write_locked(struct look *k) {
  static const struct takeover nothing;
  struct uidlog *l = &k->m->log;
  int r = match(k);
  if (r == 0 && l->lines.validity == 0) r = begin(k);
  else if (r == 0) {
    r = note_missing(k) == 0 && add_unknown(k, &nothing) == 0 ? uidlog_commit(l) : -1;
    if (r == 0 && uidlog_wants_rewrite(l)) r = uidlog_rewrite(l) == -1 ? -1 : 0; /* where it cannot be, good as it is */
  }
  if (r == 0) r = takeover_close(k->m->folder);
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

static int make_list(struct look *k) {
  struct mailbox *m = k->m;
  struct mailbox_message *list = calloc(roster_of(k)->count + 1, sizeof *list);
  if (!list) return -1;
  free(m->messages);
  m->messages = list;
  m->count = 0;
  for (size_t i = 0; i < roster_of(k)->count; i++) {
    if (!k->where[i]) continue;
    const struct sighting *seen = &k->seen.all[k->where[i] - 1];
    const struct roster_entry *e = &roster_of(k)->entries[i];
    list[m->count++] = (struct mailbox_message){
      .uid = e->uid, .size = e->size, .wire_size = e->wire_size, .name_at = seen->name_at, .is_new = seen->is_new};
  }
  stralloc_free(&m->names);
  m->names = k->seen.names;
  k->seen.names = (stralloc){0};
  return 0;
}

int mailbox_look(struct mailbox *m) {
  struct look k = {.m = m};
  bool is_whole;
  int r = look_again(&k, &is_whole);
  if (r == 0) r = find_missing(&k);
  if (r == 0) r = write_down(&k);
  if (r == 0) r = make_list(&k);
  int saved = errno;
  look_free(&k);
  errno = saved;
  return r;
}
