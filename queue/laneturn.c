#include "config.h"
#include "queue/lane.h"
#include "lib/crc32c.h"
#include "lib/room.h"

/* Which lane may have a job, whose turn it is to fetch a message, and what the
 * end of a job means for that. */

enum { FIRST_SPACE = 64 };

static const uint64_t slow_us = 20 * UINT64_C(1000000);

/* ---- who is ready, and who will be */

unsigned lane_window(const struct lane *l) {
  return l->channel == CHANNEL_LOCAL || l->heard ? window_size(&l->window, &l->limits) : 1;
}

static size_t share(const struct lanes *s, const struct lane *l) {
  size_t half = s->room[l->channel] / 2, window = lane_window(l);
  if (half == 0) half = 1;
  if (l->channel == CHANNEL_LOCAL) return half;
  if (l->window.down || !l->heard) return 1;
  return 2 * window < half ? 2 * window : half;
}

size_t lanes_silent(const struct lanes *s, enum route_channel channel) {
  if (channel == CHANNEL_LOCAL) return 0;
  return s->silent_jobs < s->silent_most ? s->silent_jobs : s->silent_most;
}

size_t lanes_too_silent(const struct lanes *s, enum route_channel channel) {
  return channel == CHANNEL_LOCAL ? 0 : s->silent_jobs - lanes_silent(s, channel);
}

static bool has_room(const struct lanes *s, enum route_channel channel) {
  return s->jobs[channel] - lanes_silent(s, channel) < s->room[channel];
}

static bool slow_ones_have_room(const struct lanes *s, enum route_channel channel) {
  return s->slow_jobs[channel] + lanes_too_silent(s, channel) < s->room[channel] - s->room[channel] / 4;
}

enum lane_refusal lane_refuses(const struct lanes *s, const struct lane *l, uint64_t now_us) {
  if (l->held) return LANE_HELD;
  if (window_opens_us(&l->window, &l->limits, now_us) > now_us) return LANE_SHUT;
  if (l->jobs >= share(s, l)) return l->window.down ? LANE_SHUT : LANE_FULL;
  if (l->slow && !slow_ones_have_room(s, l->channel)) return LANE_FULL;
  return has_room(s, l->channel) ? LANE_TAKES : LANE_CHANNEL_FULL;
}

static void leave_ready(struct lanes *s, struct lane *l) {
  if (!l->ready) return;
  if (l->previous) l->previous->next = l->next;
  else s->first[l->channel][l->slow] = l->next;
  if (l->next) l->next->previous = l->previous;
  else s->last[l->channel][l->slow] = l->previous;
  l->ready = false;
}

static void join_ready(struct lanes *s, struct lane *l) {
  if (l->ready) return;
  l->next = NULL;
  l->previous = s->last[l->channel][l->slow];
  if (l->previous) l->previous->next = l;
  else s->first[l->channel][l->slow] = l;
  s->last[l->channel][l->slow] = l;
  l->ready = true;
}

static void place_timer(struct lanes *s, size_t at, struct lane *l) {
  s->timers[at] = l;
  l->timer_at = at;
}

static void sift_timer(struct lanes *s, size_t at) {
  struct lane *l = s->timers[at];
  for (size_t parent; at && s->timers[parent = (at - 1) / 2]->wake_us > l->wake_us; at = parent)
    place_timer(s, at, s->timers[parent]);
  for (size_t child; (child = 2 * at + 1) < s->timer_count; at = child) {
    if (child + 1 < s->timer_count && s->timers[child + 1]->wake_us < s->timers[child]->wake_us) child++;
    if (s->timers[child]->wake_us >= l->wake_us) break;
    place_timer(s, at, s->timers[child]);
  }
  place_timer(s, at, l);
}

static void stop_timer(struct lanes *s, struct lane *l) {
  size_t at = l->timer_at;
  if (!l->timed) return;
  l->timed = false;
  struct lane *last = s->timers[--s->timer_count];
  if (last == l) return;
  place_timer(s, at, last);
  sift_timer(s, at);
}

/* Without memory for a timer the messages come back when they are due. */
static void start_timer(struct lanes *s, struct lane *l, uint64_t wake_us) {
  stop_timer(s, l);
  if (room_make(&s->timers, s->timer_count, &s->timer_space, sizeof *s->timers, FIRST_SPACE) == -1) return;
  l->wake_us = wake_us;
  l->timed = true;
  place_timer(s, s->timer_count++, l);
  sift_timer(s, l->timer_at);
}

void lane_changed(struct lanes *s, struct lane *l, uint64_t now_us) {
  bool wanted = waitlist_parked(s->waitlist, l->number) && !l->held && l->jobs < share(s, l);
  uint64_t opens_us = window_opens_us(&l->window, &l->limits, now_us);
  if (wanted && opens_us <= now_us) join_ready(s, l);
  else leave_ready(s, l);
  if (wanted && opens_us > now_us) start_timer(s, l, opens_us);
  else stop_timer(s, l);
}

void lane_rest(struct lanes *s, struct lane *l) {
  leave_ready(s, l);
  stop_timer(s, l);
}

uint64_t lanes_wake(struct lanes *s, uint64_t now_us) {
  while (s->timer_count && s->timers[0]->wake_us <= now_us) lane_changed(s, s->timers[0], now_us);
  return s->timer_count ? s->timers[0]->wake_us : UINT64_MAX;
}

/* Whether a lane in this line can fetch a message: slow ones are line 1, what
 * waits for the channel is line 2. */
static bool line_may_fetch(const struct lanes *s, enum route_channel channel, unsigned line) {
  if (line == 2) return waitlist_parked(s->waitlist, lanes_overflow(channel)) > 0;
  return s->first[channel][line] && (line == 0 || slow_ones_have_room(s, channel));
}

bool lanes_may_fetch(const struct lanes *s, enum route_channel channel) {
  if (!has_room(s, channel)) return false;
  return line_may_fetch(s, channel, 0) || line_may_fetch(s, channel, 1) || line_may_fetch(s, channel, 2);
}

/* The lane whose turn it is in one of the three lines. */
static uint32_t first_of(struct lanes *s, enum route_channel channel, unsigned line) {
  if (!line_may_fetch(s, channel, line)) return NO_LANE;
  if (line == 2) return lanes_overflow(channel);
  struct lane *l = s->first[channel][line];
  leave_ready(s, l);
  join_ready(s, l);
  return l->number;
}

uint32_t lanes_fetch(struct lanes *s, enum route_channel channel) {
  if (!has_room(s, channel)) return NO_LANE;
  for (unsigned tries = 0; tries < 3; tries++) {
    s->turn[channel] = (s->turn[channel] + 1) % 3;
    uint32_t lane = first_of(s, channel, s->turn[channel]);
    if (lane != NO_LANE) return lane;
  }
  return NO_LANE;
}

/* ---- jobs */

void lane_begin(struct lanes *s, struct lane *l, uint64_t now_us) {
  window_use(&l->window, &l->limits, now_us);
  l->jobs++;
  s->jobs[l->channel]++;
  if (l->slow) s->slow_jobs[l->channel]++;
  l->used_us = now_us;
  lane_changed(s, l, now_us);
}

static void set_slow(struct lanes *s, struct lane *l, bool slow) {
  if (l->slow == slow) return;
  leave_ready(s, l);
  l->slow = slow;
  size_t jobs = l->jobs - l->silent_jobs, workers = l->workers - l->silent_jobs;
  s->slow_jobs[l->channel] += slow ? jobs : -jobs;
  s->slow_workers[l->channel] += slow ? workers : -workers;
}

void lane_add_worker(struct lanes *s, struct lane *l) {
  l->workers++;
  if (l->slow) s->slow_workers[l->channel]++;
}

void lane_drop_worker(struct lanes *s, struct lane *l) {
  l->workers--;
  if (l->slow) s->slow_workers[l->channel]--;
}

void lane_silent(struct lanes *s, struct lane *l, bool silent) {
  size_t one = silent ? 1 : (size_t)-1;
  l->silent_jobs += one;
  s->silent_jobs += one;
  if (!l->slow) return;
  s->slow_jobs[l->channel] -= one;
  s->slow_workers[l->channel] -= one;
}

void lane_hear(struct lanes *s, struct lane *l, uint64_t now_us) {
  if (l->heard) return;
  l->heard = true;
  set_slow(s, l, false);
  lane_changed(s, l, now_us);
}

void lane_end(struct lanes *s, struct lane *l, enum window_event e, uint64_t took_us, uint64_t now_us) {
  if (l->channel == CHANNEL_REMOTE)
    window_note(&l->window, &l->limits, e, now_us, crc32c((uint32_t)now_us, l->name.s, l->name.len));
  l->jobs--;
  s->jobs[l->channel]--;
  if (l->slow) s->slow_jobs[l->channel]--;
  if (e > WINDOW_UNREACHED) l->heard = true;
  if (e > WINDOW_FAULT) set_slow(s, l, took_us >= slow_us || e == WINDOW_UNREACHED);
  l->used_us = now_us;
  lane_changed(s, l, now_us);
}

void lane_note(struct lane *l, const struct result *r, uint64_t wall_us) {
  if (r->class == RESULT_SUCCESS) l->delivered++;
  if (r->class == RESULT_DEFERRAL) l->deferred++;
  if (r->class == RESULT_FAILURE) l->failed++;
  if (l->channel == CHANNEL_REMOTE && window_event(r) == WINDOW_UNREACHED) l->unreached++;
  if (r->class == RESULT_SUCCESS) return;
  struct text words = r->text;
  if (words.len > LANE_ERROR_MAX) words.len = LANE_ERROR_MAX;
  stralloc_zero(&l->last_error);
  if ((r->reply_code && (text_cat_uint(&l->last_error, r->reply_code) == -1 || !stralloc_cats(&l->last_error, " "))) ||
      text_cat_cleaned(&l->last_error, words) == -1)
    stralloc_zero(&l->last_error);
  l->last_error_us = wall_us;
}

/* ---- the operator */

void lane_hold(struct lanes *s, struct lane *l, bool held, uint64_t now_us) {
  l->held = held;
  lane_changed(s, l, now_us);
}

void lane_hurry(struct lanes *s, struct lane *l, uint64_t now_us) {
  window_hurry(&l->window);
  lane_changed(s, l, now_us);
}

void lanes_hurry(struct lanes *s, uint64_t now_us) {
  for (uint32_t i = LANES_FIRST_OWN; i < s->count; i++)
    if (s->at[i]) lane_hurry(s, s->at[i], now_us);
}
