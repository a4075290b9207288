#include "config.h"
#include "queue/waitlist.h"
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "queue/schedule.h"

enum { DUE_NEW = 0, DUE_HURRIED = 1, FIRST_SPACE = 64 };
#define NOBODY UINT32_MAX

/* ---- by id */

static unsigned hex_value(char c) { return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10); }

static void pack(struct waiting *to, const struct queueid *id) {
  const char *hex = id->s + QUEUEID_DIGITS + 1;
  to->arrival_us = queueid_arrival_us(id);
  for (int i = 0; i < 10; i++)
    to->random[i] = (unsigned char)(hex_value(hex[2 * i]) << 4 | hex_value(hex[2 * i + 1]));
}

static void unpack(struct queueid *id, const struct waiting *from) {
  queueid_from(id, from->arrival_us, from->random);
}

static uint64_t mix(uint64_t n) {
  n = (n ^ (n >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  n = (n ^ (n >> 27)) * UINT64_C(0x94d049bb133111eb);
  return n ^ (n >> 31);
}

static uint32_t *bucket_of(const struct waitlist *w, const struct waiting *m) {
  uint64_t random;
  memcpy(&random, m->random, sizeof random);
  return &w->buckets[mix(mix(random ^ w->seed) ^ m->arrival_us) & (w->bucket_count - 1)];
}

static bool is_same(const struct waiting *a, const struct waiting *b) {
  return a->arrival_us == b->arrival_us && memcmp(a->random, b->random, sizeof a->random) == 0;
}

static uint32_t find(const struct waitlist *w, const struct queueid *id) {
  struct waiting wanted;
  if (!w->bucket_count) return NOBODY;
  pack(&wanted, id);
  for (uint32_t i = *bucket_of(w, &wanted); i != NOBODY; i = w->all[i].next)
    if (is_same(&w->all[i], &wanted)) return i;
  return NOBODY;
}

static void join_bucket(struct waitlist *w, uint32_t i) {
  uint32_t *bucket = bucket_of(w, &w->all[i]);
  w->all[i].next = *bucket;
  *bucket = i;
}

static void leave_bucket(struct waitlist *w, uint32_t i) {
  uint32_t *link = bucket_of(w, &w->all[i]);
  while (*link != i) link = &w->all[*link].next;
  *link = w->all[i].next;
}

static int grow_buckets(struct waitlist *w, uint32_t count) {
  uint32_t *grown = reallocarray(w->buckets, count, sizeof *grown);
  if (!grown) return -1;
  w->buckets = grown;
  w->bucket_count = count;
  memset(grown, 0xff, count * sizeof *grown);
  for (uint32_t i = 0; i < w->used; i++)
    if (w->all[i].state != WAITING_UNUSED) join_bucket(w, i);
  return 0;
}

static int grow(struct waitlist *w) {
  uint32_t space = w->space ? w->space * 2 : FIRST_SPACE;
  if (space > NOBODY / 2) return -1;
  if (!w->seed && getrandom(&w->seed, sizeof w->seed, 0) != (ssize_t)sizeof w->seed) w->seed = 1;
  struct waiting *all = reallocarray(w->all, space, sizeof *all);
  if (!all) return -1;
  w->all = all;
  uint32_t *heap = reallocarray(w->heap, space, sizeof *heap);
  if (!heap) return -1;
  w->heap = heap;
  if (grow_buckets(w, space) == -1) return -1;
  w->space = space;
  return 0;
}

static uint32_t add(struct waitlist *w, const struct queueid *id) {
  uint32_t i = w->unused;
  if (i) w->unused = w->all[--i].next; /* one more than the index, so that 0 is the end */
  else {
    if (w->used == w->space && grow(w) == -1) return NOBODY;
    i = w->used++;
  }
  w->all[i] = (struct waiting){.state = WAITING_IN_HAND, .age_s = AGE_UNKNOWN};
  pack(&w->all[i], id);
  join_bucket(w, i);
  return i;
}

/* ---- heaps of indices: by time, and in each lane by tag */

struct order {
  bool (*before)(const struct waiting *a, const struct waiting *b);
  void (*place)(struct waiting *m, uint32_t at);
};

static bool earlier(const struct waiting *a, const struct waiting *b) {
  if (a->due_us != b->due_us) return a->due_us < b->due_us;
  return a->arrival_us < b->arrival_us;
}

static bool lower(const struct waiting *a, const struct waiting *b) {
  if (a->tag != b->tag) return a->tag < b->tag;
  return a->arrival_us < b->arrival_us;
}

static void place_in_time(struct waiting *m, uint32_t at) { m->heap_at = at; }
static void place_in_lane(struct waiting *m, uint32_t at) { m->parked_at = at; }

static const struct order by_time = {earlier, place_in_time}, by_tag = {lower, place_in_lane};

static void sift_up(struct waiting *all, uint32_t *heap, uint32_t at, const struct order *o) {
  uint32_t moved = heap[at];
  while (at) {
    uint32_t parent = (at - 1) / 2;
    if (!o->before(&all[moved], &all[heap[parent]])) break;
    heap[at] = heap[parent];
    o->place(&all[heap[at]], at);
    at = parent;
  }
  heap[at] = moved;
  o->place(&all[moved], at);
}

static void sift_down(struct waiting *all, uint32_t *heap, uint32_t count, uint32_t at,
                      const struct order *o) {
  uint32_t moved = heap[at];
  for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && o->before(&all[heap[child + 1]], &all[heap[child]])) child++;
    if (!o->before(&all[heap[child]], &all[moved])) break;
    heap[at] = heap[child];
    o->place(&all[heap[at]], at);
  }
  heap[at] = moved;
  o->place(&all[moved], at);
}

/* The last one takes the place of the one that leaves. */
static void remove_at(struct waiting *all, uint32_t *heap, uint32_t *count, uint32_t at,
                      const struct order *o) {
  uint32_t last = --*count;
  if (at == last) return;
  heap[at] = heap[last];
  o->place(&all[heap[at]], at);
  sift_up(all, heap, at, o);
  sift_down(all, heap, *count, at, o);
}

/* ---- lanes */

static struct waiting_lane *lane_at(struct waitlist *w, uint32_t lane) {
  if (lane >= w->lane_count) {
    uint32_t count = w->lane_count ? w->lane_count : FIRST_SPACE;
    while (count <= lane) count *= 2;
    struct waiting_lane *grown = reallocarray(w->lanes, count, sizeof *grown);
    if (!grown) return NULL;
    memset(grown + w->lane_count, 0, (count - w->lane_count) * sizeof *grown);
    w->lanes = grown;
    w->lane_count = count;
  }
  return &w->lanes[lane];
}

static bool has_space(struct waiting_lane *l) {
  if (l->parked < l->space) return true;
  uint32_t space = l->space ? l->space * 2 : 4;
  uint32_t *grown = reallocarray(l->heap, space, sizeof *grown);
  if (!grown) return false;
  l->heap = grown;
  l->space = space;
  return true;
}

static bool park(struct waitlist *w, uint32_t i) {
  struct waiting_lane *l = &w->lanes[w->all[i].lane];
  if (!has_space(l)) return false;
  l->heap[l->parked] = i;
  sift_up(w->all, l->heap, l->parked++, &by_tag);
  return true;
}

static void unpark(struct waitlist *w, uint32_t i) {
  struct waiting_lane *l = &w->lanes[w->all[i].lane];
  remove_at(w->all, l->heap, &l->parked, w->all[i].parked_at, &by_tag);
  if (l->parked) return;
  free(l->heap);
  l->heap = NULL;
  l->space = 0;
}

static void join_lane(struct waitlist *w, uint32_t i, uint32_t lane) {
  struct waiting_lane *l = lane == NO_LANE ? NULL : lane_at(w, lane);
  w->all[i].lane = l ? lane : NO_LANE;
  if (l) l->waiting++;
}

static void leave_lane(struct waitlist *w, uint32_t i) {
  if (w->all[i].lane != NO_LANE) w->lanes[w->all[i].lane].waiting--;
}

/* ---- changes of state */

static void take_in_hand(struct waitlist *w, uint32_t i) {
  struct waiting *m = &w->all[i];
  if (m->state == WAITING_PARKED) unpark(w, i);
  if (m->state == WAITING_PARKED || m->state == WAITING_TIMED)
    remove_at(w->all, w->heap, &w->count, m->heap_at, &by_time);
  if (m->state == WAITING_HELD) w->held--;
  if (m->state != WAITING_IN_HAND) leave_lane(w, i);
  m->state = WAITING_IN_HAND;
}

static void let_wait(struct waitlist *w, uint32_t i, bool parked) {
  w->heap[w->count] = i;
  sift_up(w->all, w->heap, w->count++, &by_time);
  w->all[i].state = parked && w->all[i].lane != NO_LANE && park(w, i) ? WAITING_PARKED : WAITING_TIMED;
}

static uint32_t saturate(uint64_t age_s) {
  return age_s < AGE_UNKNOWN ? (uint32_t)age_s : AGE_UNKNOWN;
}

int waitlist_put(struct waitlist *w, const struct queueid *id, const struct wait *how) {
  uint32_t i = find(w, id);
  if (i == NOBODY) i = add(w, id);
  else take_in_hand(w, i);
  if (i == NOBODY) return -1;
  struct waiting *m = &w->all[i];
  m->due_us = how->due_us;
  m->age_s = saturate(how->age_s);
  m->tag = how->tag;
  m->hurry = how->hurry;
  join_lane(w, i, how->lane);
  if (how->held) {
    m->state = WAITING_HELD;
    w->held++;
  } else
    let_wait(w, i, how->parked);
  return 0;
}

uint64_t waitlist_due(const struct waitlist *w) {
  return w->count ? w->all[w->heap[0]].due_us : UINT64_MAX;
}

/* While it waits age and boot clock go together. */
static uint64_t age_at(const struct waiting *m, uint64_t now_us) {
  if (m->age_s == AGE_UNKNOWN || m->due_us <= DUE_HURRIED) return m->age_s;
  if (now_us >= m->due_us) return schedule_age(m->age_s, m->due_us, now_us);
  uint64_t left_s = (m->due_us - now_us + 999999u) / 1000000u;
  return m->age_s > left_s ? m->age_s - left_s : 0;
}

static void take(struct waitlist *w, uint32_t i, struct queueid *id, struct due *due, uint64_t now_us) {
  const struct waiting *m = &w->all[i];
  *due = (struct due){.new = m->due_us == DUE_NEW,
                      .hurried = m->due_us == DUE_HURRIED,
                      .age_s = age_at(m, now_us),
                      .tag = m->tag,
                      .tag_lane = m->lane,
                      .hurry = m->hurry};
  unpack(id, m);
  take_in_hand(w, i);
}

bool waitlist_take(struct waitlist *w, struct queueid *id, struct due *due, uint64_t now_us) {
  if (w->count == 0) return false;
  take(w, w->heap[0], id, due, now_us);
  return true;
}

bool waitlist_fetch(struct waitlist *w, uint32_t lane, struct queueid *id, struct due *due,
                    uint64_t now_us) {
  if (waitlist_parked(w, lane) == 0) return false;
  take(w, w->lanes[lane].heap[0], id, due, now_us);
  due->lane = lane;
  w->lanes[lane].now = due->tag;
  return true;
}

bool waitlist_has(const struct waitlist *w, const struct queueid *id) { return find(w, id) != NOBODY; }

void waitlist_drop(struct waitlist *w, const struct queueid *id) {
  uint32_t i = find(w, id);
  if (i == NOBODY) return;
  take_in_hand(w, i);
  leave_bucket(w, i);
  w->all[i].state = WAITING_UNUSED;
  w->all[i].next = w->unused;
  w->unused = i + 1;
}

static void hurry(struct waiting *m, uint64_t now_us) {
  if (m->due_us <= DUE_HURRIED) return;
  m->age_s = saturate(age_at(m, now_us));
  m->due_us = DUE_HURRIED;
}

static bool hurry_one(struct waitlist *w, uint32_t i, uint64_t now_us) {
  if (i == NOBODY || (w->all[i].state != WAITING_TIMED && w->all[i].state != WAITING_PARKED)) return false;
  hurry(&w->all[i], now_us);
  sift_up(w->all, w->heap, w->all[i].heap_at, &by_time);
  return true;
}

size_t waitlist_hurry(struct waitlist *w, const struct queueid *id, uint64_t now_us) {
  if (id) return hurry_one(w, find(w, id), now_us);
  for (uint32_t at = 0; at < w->count; at++) hurry(&w->all[w->heap[at]], now_us);
  for (uint32_t at = w->count / 2; at-- > 0;) sift_down(w->all, w->heap, w->count, at, &by_time);
  return w->count;
}

size_t waitlist_hurry_lanes(struct waitlist *w, const bool *wanted, uint32_t lanes, uint64_t now_us) {
  size_t hurried = 0;
  for (uint32_t i = 0; i < w->used; i++)
    if (w->all[i].lane < lanes && wanted[w->all[i].lane]) hurried += hurry_one(w, i, now_us);
  return hurried;
}

bool waitlist_hold(struct waitlist *w, const struct queueid *id, uint64_t now_us) {
  uint32_t i = find(w, id);
  if (i == NOBODY || w->all[i].state == WAITING_IN_HAND) return false;
  if (w->all[i].state == WAITING_HELD) return true;
  uint32_t lane = w->all[i].lane;
  w->all[i].age_s = saturate(age_at(&w->all[i], now_us));
  take_in_hand(w, i);
  join_lane(w, i, lane);
  w->all[i].state = WAITING_HELD;
  w->held++;
  return true;
}

bool waitlist_release(struct waitlist *w, const struct queueid *id) {
  uint32_t i = find(w, id);
  if (i == NOBODY || w->all[i].state != WAITING_HELD) return false;
  w->all[i].due_us = DUE_HURRIED;
  w->held--;
  let_wait(w, i, false);
  return true;
}

enum waiting_state waitlist_state(const struct waitlist *w, const struct queueid *id,
                                  struct waiting *waiting) {
  uint32_t i = find(w, id);
  if (i == NOBODY) return WAITING_UNUSED;
  if (waiting) *waiting = w->all[i];
  return w->all[i].state;
}

size_t waitlist_waiting(const struct waitlist *w) { return (size_t)w->count + w->held; }

size_t waitlist_in_lane(const struct waitlist *w, uint32_t lane) {
  return lane < w->lane_count ? w->lanes[lane].waiting : 0;
}

size_t waitlist_parked(const struct waitlist *w, uint32_t lane) {
  return lane < w->lane_count ? w->lanes[lane].parked : 0;
}

bool waitlist_oldest(const struct waitlist *w, uint32_t *from, uint32_t most, uint64_t *oldest_us,
                     uint32_t lanes) {
  for (; most && *from < w->used; most--, ++*from) {
    const struct waiting *m = &w->all[*from];
    if (m->state == WAITING_UNUSED || m->state == WAITING_IN_HAND || m->lane >= lanes) continue;
    if (oldest_us[m->lane] == 0 || m->arrival_us < oldest_us[m->lane]) oldest_us[m->lane] = m->arrival_us;
  }
  return *from < w->used;
}

uint64_t waitlist_now(const struct waitlist *w, uint32_t lane) {
  return lane < w->lane_count ? w->lanes[lane].now : 0;
}

void waitlist_free(struct waitlist *w) {
  for (uint32_t i = 0; i < w->lane_count; i++) free(w->lanes[i].heap);
  free(w->lanes);
  free(w->all);
  free(w->heap);
  free(w->buckets);
  *w = (struct waitlist){0};
}
