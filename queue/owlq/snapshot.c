#include "config.h"
#include "queue/owlq/snapshot.h"
#include <stdlib.h>
#include <string.h>
#include "lib/clock.h"
#include "lib/room.h"
#include "queue/owlq/owlq.h"

/* ---- asking */

static struct snapshot_row *new_row(struct snapshot *s) {
  if (room_make(&s->rows, s->count, &s->space, sizeof *s->rows, 64) == -1) return NULL;
  s->rows[s->count] = (struct snapshot_row){0};
  return &s->rows[s->count++];
}

static struct text copy_to(char *to, struct text t) {
  if (t.len) memcpy(to, t.s, t.len);
  return (struct text){to, t.len};
}

/* The frame's octets do not stay. */
static int add(struct snapshot *s, const struct ctlstats_destination *d) {
  struct snapshot_row *row = new_row(s);
  if (!row || !(row->octets = malloc(d->name.len + d->last_error.len + 1))) return -1;
  row->d = *d;
  row->d.name = copy_to(row->octets, d->name);
  row->d.last_error = copy_to(row->octets + d->name.len, d->last_error);
  return 0;
}

static int no_sense(void) { return owlq_complain("the runner", "no answer that makes sense"), -1; }

static int take_destination(struct snapshot *s, struct text payload) {
  struct ctlstats_destination d;
  if (ctlstats_read_destination(&d, payload) == -1) return no_sense();
  return add(s, &d) == 0 ? 0 : (owlq_complain("statistics", "out of memory"), -1);
}

static int take_status(struct snapshot *s, struct text payload) {
  struct ctl_reply now;
  if (ctl_read_reply(&now, payload) == -1) return no_sense();
  s->local_running = now.local_running;
  s->local_limit = now.local_limit;
  s->remote_running = now.remote_running;
  s->remote_limit = now.remote_limit;
  s->waiting = now.waiting;
  s->active = now.active;
  s->held = now.held;
  return 0;
}

/* 1: there is more to come. */
static int take_frame(struct snapshot *s, const struct frame *f) {
  switch (f->type) {
    case CTL_TOTALS: return ctlstats_read_totals(&s->totals, f->payload) == 0 ? 1 : no_sense();
    case CTL_DESTINATION: return take_destination(s, f->payload) == 0 ? 1 : -1;
    case CTL_OK: return take_status(s, f->payload);
  }
  return no_sense();
}

int snapshot_take(struct snapshot *s, struct link *l, const struct ctlstats_request *request) {
  stralloc payload = {0};
  struct frame f;
  int r = ctlstats_put_request(&payload, request);
  if (r == -1) owlq_complain("statistics", "this is no destination's name");
  if (r == 0) r = link_send_payload(l, CTL_STATS, text_of_stralloc(&payload));
  stralloc_free(&payload);
  while (r != -1 && (r = link_receive_frame(l, &f)) == 0)
    if ((r = take_frame(s, &f)) != 1) break;
  s->now_us = clock_wall_us(&clock_system);
  return r;
}

/* ---- order */

const char *const snapshot_orders[SNAPSHOT_ORDERS] = {[BY_WAITING] = "waiting",
                                                      [BY_ACTIVE] = "active",
                                                      [BY_OLDEST] = "oldest",
                                                      [BY_FAULTS] = "faults",
                                                      [BY_NAME] = "name"};

enum snapshot_order snapshot_order_named(const char *name) {
  enum snapshot_order o = BY_WAITING;
  while (o < SNAPSHOT_ORDERS && strcmp(snapshot_orders[o], name) != 0) o++;
  return o;
}

/* What is to come first is the greatest. */
static uint64_t weight(const struct ctlstats_destination *d, enum snapshot_order o) {
  switch (o) {
    case BY_WAITING: return d->waiting;
    case BY_ACTIVE: return d->active;
    case BY_OLDEST: return d->oldest_us ? UINT64_MAX - d->oldest_us : 0;
    case BY_FAULTS: return d->deferred + d->failed;
    case BY_NAME:
    case SNAPSHOT_ORDERS: break;
  }
  return 0;
}

static int compare(const void *a, const void *b, void *order) {
  const struct ctlstats_destination *x = &((const struct snapshot_row *)a)->d,
                                    *y = &((const struct snapshot_row *)b)->d;
  uint64_t p = weight(x, *(enum snapshot_order *)order),
           q = weight(y, *(enum snapshot_order *)order);
  return p != q ? (p > q ? -1 : 1) : text_compare_nocase(x->name, y->name);
}

void snapshot_sort(struct snapshot *s, enum snapshot_order o) {
  if (s->count) qsort_r(s->rows, s->count, sizeof *s->rows, compare, &o);
}

uint64_t snapshot_age(const struct snapshot *s, uint64_t us) {
  return us && us < s->now_us ? (s->now_us - us) / 1000000u : 0;
}

void snapshot_free(struct snapshot *s) {
  for (size_t i = 0; i < s->count; i++) free(s->rows[i].octets);
  free(s->rows);
  *s = (struct snapshot){0};
}
