#include "config.h"
#include "queue/schedule.h"
#include <stdlib.h>
#include <string.h>

enum { DUE_HURRIED = 1 };

uint64_t schedule_age(uint64_t last_age_s, uint64_t last_us, uint64_t now_us) {
  uint64_t gap_s = now_us > last_us ? (now_us - last_us) / 1000000u : 0;
  return last_age_s + (gap_s < SCHEDULE_GAP_MAX_S ? gap_s : SCHEDULE_GAP_MAX_S);
}

static uint64_t floor_sqrt(uint64_t n) {
  uint64_t root = 0;
  for (uint64_t bit = (uint64_t)1 << 31; bit; bit >>= 1)
    if ((root | bit) * (root | bit) <= n) root |= bit;
  return root;
}

uint64_t schedule_next_age(uint64_t age_s, uint64_t skip_s) {
  uint64_t root = floor_sqrt(age_s) + (skip_s ? skip_s : 1);
  return root < UINT32_MAX && skip_s < UINT32_MAX ? root * root : UINT64_MAX - 1;
}

static bool before(const struct waiting *a, const struct waiting *b) {
  if (a->due_us != b->due_us) return a->due_us < b->due_us;
  return a->arrival_us < b->arrival_us;
}

static void sift_up(struct waitlist *w, size_t at) {
  while (at) {
    size_t parent = (at - 1) / 2;
    if (!before(&w->heap[at], &w->heap[parent])) return;
    struct waiting swap = w->heap[at];
    w->heap[at] = w->heap[parent];
    w->heap[parent] = swap;
    at = parent;
  }
}

static void sift_down(struct waitlist *w, size_t at) {
  for (;;) {
    size_t first = at, child = 2 * at + 1;
    if (child < w->count && before(&w->heap[child], &w->heap[first])) first = child;
    if (child + 1 < w->count && before(&w->heap[child + 1], &w->heap[first])) first = child + 1;
    if (first == at) return;
    struct waiting swap = w->heap[at];
    w->heap[at] = w->heap[first];
    w->heap[first] = swap;
    at = first;
  }
}

static unsigned hex_value(char c) { return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10); }

static void pack(struct waiting *to, const struct queueid *id) {
  const char *hex = id->s + QUEUEID_DIGITS + 1;
  to->arrival_us = queueid_arrival_us(id);
  for (int i = 0; i < 10; i++)
    to->random[i] = (unsigned char)(hex_value(hex[2 * i]) << 4 | hex_value(hex[2 * i + 1]));
}

static uint32_t saturate(uint64_t age_s) {
  return age_s < SCHEDULE_AGE_UNKNOWN ? (uint32_t)age_s : SCHEDULE_AGE_UNKNOWN;
}

int waitlist_add(struct waitlist *w, const struct queueid *id, uint64_t due_us, uint64_t age_s) {
  if (w->count == w->space) {
    size_t space = w->space ? w->space * 2 : 64;
    struct waiting *grown = reallocarray(w->heap, space, sizeof *grown);
    if (!grown) return -1;
    w->heap = grown;
    w->space = space;
  }
  w->heap[w->count].due_us = due_us;
  w->heap[w->count].age_s = saturate(age_s);
  pack(&w->heap[w->count], id);
  sift_up(w, w->count++);
  return 0;
}

uint64_t waitlist_due(const struct waitlist *w) { return w->count ? w->heap[0].due_us : UINT64_MAX; }

/* While it waits age and boot clock go together. */
static uint64_t age_at(const struct waiting *each, uint64_t now_us) {
  if (each->age_s == SCHEDULE_AGE_UNKNOWN) return SCHEDULE_AGE_UNKNOWN;
  if (now_us >= each->due_us) return schedule_age(each->age_s, each->due_us, now_us);
  uint64_t left_s = (each->due_us - now_us + 999999u) / 1000000u;
  return each->age_s > left_s ? each->age_s - left_s : 0;
}

bool waitlist_take(struct waitlist *w, struct queueid *id, struct due *due, uint64_t now_us) {
  if (w->count == 0) return false;
  due->new = w->heap[0].due_us == 0;
  due->hurried = w->heap[0].due_us == DUE_HURRIED;
  due->age_s = due->hurried ? w->heap[0].age_s : age_at(&w->heap[0], now_us);
  queueid_from(id, w->heap[0].arrival_us, w->heap[0].random);
  w->heap[0] = w->heap[--w->count];
  sift_down(w, 0);
  return true;
}

size_t waitlist_hurry(struct waitlist *w, const struct queueid *id, uint64_t now_us) {
  struct waiting wanted = {0};
  size_t hurried = 0;
  if (id) pack(&wanted, id);
  for (size_t i = 0; i < w->count; i++) {
    struct waiting *each = &w->heap[i];
    if (id && (each->arrival_us != wanted.arrival_us ||
               memcmp(each->random, wanted.random, sizeof wanted.random) != 0))
      continue;
    hurried++;
    if (each->due_us <= DUE_HURRIED) continue;
    each->age_s = saturate(age_at(each, now_us));
    each->due_us = DUE_HURRIED;
  }
  for (size_t i = w->count / 2; i-- > 0;) sift_down(w, i);
  return hurried;
}

void waitlist_free(struct waitlist *w) {
  free(w->heap);
  *w = (struct waitlist){0};
}
