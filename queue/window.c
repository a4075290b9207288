#include "config.h"
#include "queue/window.h"

static const uint64_t second_us = 1000000;

static bool starts_with(struct text status, const char *start) {
  for (size_t i = 0; start[i]; i++)
    if (i >= status.len || status.s[i] != start[i]) return false;
  return true;
}

/* RFC 3463: 4.4.x is the network's, 4.7.x security or policy; without a reply
 * what is not the network's is ours. */
enum window_event window_event(const struct result *r) {
  if (r->reply_code == 421) return WINDOW_TURNED_AWAY;
  if (r->class == RESULT_DEFERRAL && starts_with(r->status, "4.4.")) return WINDOW_UNREACHED;
  if (r->class == RESULT_DEFERRAL && starts_with(r->status, "4.7.")) return WINDOW_SLOWER;
  if (r->reply_code || r->class == RESULT_SUCCESS) return WINDOW_ANSWERED;
  return r->class == RESULT_DEFERRAL ? WINDOW_FAULT : WINDOW_NOTHING;
}

static unsigned bounded(uint64_t size, const struct window_limits *l) {
  if (l->most && size > l->most) size = l->most;
  return size ? (unsigned)size : 1;
}

unsigned window_size(const struct window *w, const struct window_limits *l) {
  if (w->down) return 1;
  return bounded(w->size ? w->size : WINDOW_FIRST, l);
}

static void reached(struct window *w, uint64_t now_us) {
  if (w->down) w->reached_us = now_us;
  w->down = false;
  w->backoff_s = 0;
}

static void answered(struct window *w, const struct window_limits *l, uint64_t now_us) {
  unsigned size = window_size(w, l);
  reached(w, now_us);
  if (++w->answered >= (w->had_setback ? size : 1)) {
    w->answered = 0;
    size = bounded((uint64_t)size + 1, l);
  }
  w->size = size;
}

static void wait_for_probe(struct window *w, uint64_t now_us, uint32_t seed) {
  uint64_t backoff_us = w->backoff_s * second_us;
  w->probe_us = now_us + backoff_us + backoff_us / 8 * (seed % 1024) / 1024;
}

static void shut(struct window *w, const struct window_limits *l, uint64_t now_us, uint32_t seed) {
  uint64_t next_s = w->backoff_s ? w->backoff_s * 2 : l->backoff_first_s;
  w->backoff_s = next_s < l->backoff_max_s ? next_s : l->backoff_max_s;
  w->down = true;
  wait_for_probe(w, now_us, seed);
}

static void set_back(struct window *w, const struct window_limits *l) {
  w->size = window_size(w, l) / 2;
  if (w->size == 0) w->size = 1;
  w->answered = 0;
  w->had_setback = true;
}

void window_note(struct window *w, const struct window_limits *l, enum window_event e,
                 uint64_t now_us, uint32_t seed) {
  switch (e) {
    case WINDOW_NOTHING:
      break;
    case WINDOW_FAULT: /* who waits for it would be fetched, and fail here, again and again */
      if (w->down && now_us >= w->probe_us) wait_for_probe(w, now_us, seed);
      break;
    case WINDOW_ANSWERED:
      answered(w, l, now_us);
      break;
    case WINDOW_SLOWER: /* it lives */
      reached(w, now_us);
      set_back(w, l);
      break;
    case WINDOW_UNREACHED:
    case WINDOW_TURNED_AWAY:
      if (w->down && now_us < w->probe_us) break; /* sent before it went down */
      if (window_size(w, l) == 1) shut(w, l, now_us, seed);
      else set_back(w, l);
      break;
  }
}

/* The rate is kept as the time up to which it is used up: each job uses
 * rate_s/rate, and a whole period may be used ahead. */
static uint64_t rate_opens_us(const struct window *w, const struct window_limits *l) {
  uint64_t period_us = l->rate_s * second_us;
  if (!l->rate) return 0;
  uint64_t after_us = w->rate_us + period_us / l->rate;
  return after_us > period_us ? after_us - period_us : 0;
}

uint64_t window_opens_us(const struct window *w, const struct window_limits *l, uint64_t now_us) {
  uint64_t opens_us = rate_opens_us(w, l);
  if (w->down && w->probe_us > opens_us) opens_us = w->probe_us;
  return opens_us > now_us ? opens_us : now_us;
}

void window_use(struct window *w, const struct window_limits *l, uint64_t now_us) {
  if (!l->rate) return;
  if (w->rate_us < now_us) w->rate_us = now_us;
  w->rate_us += l->rate_s * second_us / l->rate;
}

void window_hurry(struct window *w) {
  if (w->down) w->probe_us = 0;
}
