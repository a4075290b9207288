#include "config.h"
#include "queue/runnerwhy.h"

static uint64_t seconds_until(uint64_t then_us, uint64_t now_us) {
  return then_us > now_us ? (then_us - now_us + 999999u) / 1000000u : 0;
}

static uint64_t refusal_of(const struct lanes *s, const struct lane *l, uint64_t now_us) {
  switch (lane_refuses(s, l, now_us)) {
    case LANE_TAKES: return WHY_TAKES;
    case LANE_FULL: return WHY_FULL;
    case LANE_CHANNEL_FULL: return WHY_CROWDED;
    case LANE_SHUT: return l->window.down ? WHY_DOWN : WHY_RATE;
    case LANE_HELD: return WHY_LANE_HELD;
  }
  return WHY_TAKES;
}

/* An error of a remote's is clean by now, but not of a length that is sure. */
static struct text shortened(const stralloc *t) {
  struct text all = text_of_stralloc(t);
  return all.len ? (struct text){all.s, all.len < LANE_ERROR_MAX ? all.len : LANE_ERROR_MAX} : TEXT_ABSENT;
}

static void add_lane(struct ctl_why *w, const struct runner *r, uint32_t number, uint64_t now_us) {
  const struct lane *l = lanes_at(&r->lanes, number);
  if (number == lanes_overflow(CHANNEL_LOCAL) || number == lanes_overflow(CHANNEL_REMOTE)) w->refusal = WHY_CROWDED;
  if (!l) return;
  w->destination = text_of_stralloc(&l->name);
  w->refusal = refusal_of(&r->lanes, l, now_us);
  w->opens_s = seconds_until(window_opens_us(&l->window, &l->limits, now_us), now_us);
  w->window = lane_window(l);
  w->running = l->jobs;
  w->parked = waitlist_parked(&r->waitlist, number);
  w->error = shortened(&l->last_error);
  w->error_us = l->last_error_us;
}

static void add_active(struct ctl_why *w, const struct runner *r, const struct queueid *id) {
  for (const struct active *a = r->actives; a; a = a->next)
    if (text_equals(text_of(a->message.id.s), id->s)) w->jobs = a->jobs_left;
}

static uint64_t state_of(enum waiting_state s, const struct runner *r) {
  switch (s) {
    case WAITING_UNUSED: break;
    case WAITING_IN_HAND: return WHY_ACTIVE;
    case WAITING_TIMED: return WHY_TIMED;
    case WAITING_PARKED: return WHY_PARKED;
    case WAITING_HELD: return WHY_HELD;
  }
  return backlog_is_loaded(&r->backlog) ? WHY_UNKNOWN : WHY_LOADING;
}

struct ctl_why runner_why(const struct runner *r, const struct queueid *id) {
  struct waiting waiting = {.due_us = UINT64_MAX};
  enum waiting_state s = waitlist_state(&r->waitlist, id, &waiting);
  uint64_t now_us = clock_boot_us(r->clock);
  struct ctl_why w = {.state = state_of(s, r)};
  if (w.state == WHY_ACTIVE) add_active(&w, r, id);
  if (w.state != WHY_TIMED && w.state != WHY_PARKED) return w;
  w.never = waiting.due_us == UINT64_MAX;
  w.due_s = w.never ? 0 : seconds_until(waiting.due_us, now_us);
  add_lane(&w, r, waiting.lane, now_us);
  return w;
}
