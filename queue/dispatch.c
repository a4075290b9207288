#include "config.h"
#include "queue/dispatch.h"
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include "lib/room.h"

static int compare_texts(const stralloc *a, const stralloc *b) {
  if (a->len != b->len) return a->len < b->len ? -1 : 1;
  return a->len ? memcmp(a->s, b->s, a->len) : 0;
}

static int compare(const void *a, const void *b) {
  const struct destination *x = a, *y = b;
  if (x->channel != y->channel) return x->channel < y->channel ? -1 : 1;
  if (x->protocol != y->protocol) return x->protocol < y->protocol ? -1 : 1;
  if (x->port != y->port) return x->port < y->port ? -1 : 1;
  if (x->use_mx != y->use_mx) return x->use_mx ? -1 : 1;
  return compare_texts(&x->host, &y->host);
}

static void fold_case(stralloc *s) {
  for (size_t i = 0; i < s->len; i++)
    if (s->s[i] >= 'A' && s->s[i] <= 'Z') s->s[i] = (char)(s->s[i] + ('a' - 'A'));
}

static void destination_free(struct destination *x) {
  stralloc_free(&x->host);
  free(x);
}

/* ---- lines of destinations */

static struct destination_line *line_of(const struct destination *x) {
  return &x->dispatcher->lines[x->channel][x->need];
}

static void leave_line(struct destination *x) {
  struct destination_line *l = line_of(x);
  if (x->previous) x->previous->next = x->next;
  else l->first = x->next;
  if (x->next) x->next->previous = x->previous;
  else l->last = x->previous;
}

static void join_line(struct destination *x) {
  struct destination_line *l = line_of(x);
  x->next = NULL;
  x->previous = l->last;
  if (l->last) l->last->next = x;
  else l->first = x;
  l->last = x;
}

static enum destination_need need_of(const struct destination *x) {
  if (x->queued) return x->workers ? NEED_MORE : NEED_FIRST;
  return x->attached ? NEED_NO_MORE : NEED_NOTHING;
}

static void change_line(struct destination *x) {
  enum destination_need need = need_of(x);
  if (need == x->need) return;
  leave_line(x);
  x->need = need;
  join_line(x);
}

struct destination *dispatch_destination(struct dispatcher *d, const struct route *r) {
  struct destination *x = calloc(1, sizeof *x);
  if (!x) return NULL;
  x->channel = r->channel;
  x->protocol = r->protocol;
  x->port = r->channel == CHANNEL_REMOTE ? r->port : 0;
  x->use_mx = r->use_mx;
  if (!stralloc_copy(&x->host, r->channel == CHANNEL_REMOTE ? &r->host : &r->address))
    return destination_free(x), NULL;
  /* a local address's worker writes Delivered-To and tells programs LOCAL and
   * EXT as the address was spelt */
  if (r->channel == CHANNEL_REMOTE && r->port != PORT_NONE) fold_case(&x->host);
  x->lane = lanes_for(d->lanes, r);
  if (!x->lane) return destination_free(x), NULL;
  struct destination **node = tsearch(x, &d->by_key, compare);
  if (!node) return destination_free(x), NULL;
  if (*node != x) {
    destination_free(x);
    return *node;
  }
  x->dispatcher = d;
  x->lane->destinations++;
  x->need = NEED_NOTHING;
  join_line(x);
  return x;
}

void dispatch_queue(struct destination *to, struct job *j) {
  j->next = NULL;
  j->destination = to;
  if (to->last) to->last->next = j;
  else to->first = j;
  to->last = j;
  to->queued++;
  change_line(to);
}

struct job *dispatch_unqueue(struct destination *from) {
  struct job *j = from->first;
  if (!j) return NULL;
  from->first = j->next;
  if (!from->first) from->last = NULL;
  from->queued--;
  change_line(from);
  return j;
}

struct destination *dispatch_of_lane(const struct dispatcher *d, const struct lane *l) {
  for (int need = NEED_FIRST; need <= NEED_MORE; need++)
    for (struct destination *x = d->lines[l->channel][need].first; x; x = x->next)
      if (x->lane == l) return x;
  return NULL;
}

/* What is unlinked goes in front of *withdrawn. */
static void withdraw_from(struct destination *from, const struct active *a, struct job **withdrawn) {
  from->last = NULL;
  for (struct job **link = &from->first; *link;) {
    struct job *j = *link;
    if (j->active != a) {
      from->last = j;
      link = &j->next;
      continue;
    }
    *link = j->next;
    j->next = *withdrawn;
    *withdrawn = j;
    from->queued--;
  }
  change_line(from);
}

struct job *dispatch_withdraw(struct dispatcher *d, const struct active *a) {
  struct job *withdrawn = NULL;
  for (int channel = 0; channel < 2; channel++)
    for (int need = NEED_FIRST; need <= NEED_MORE; need++)
      for (struct destination *x = d->lines[channel][need].first, *next; x; x = next) {
        next = x->next;
        withdraw_from(x, a, &withdrawn);
      }
  return withdrawn;
}

static unsigned jobs_ahead(const struct destination *x) {
  return x->channel == CHANNEL_LOCAL ? AGENT_JOBS_AHEAD : 1;
}

static uint64_t places_taken(const struct dispatcher *d, enum route_channel channel) {
  return d->running[channel] - lanes_silent(d->lanes, channel);
}

static bool is_full(const struct dispatcher *d, enum route_channel channel) {
  return places_taken(d, channel) >= d->limit[channel];
}

/* A single place is nobody's to keep. */
static uint64_t most_for_one(const struct dispatcher *d, enum route_channel channel) {
  uint64_t limit = d->limit[channel];
  return limit - (limit / 4 ? limit / 4 : limit > 1);
}

static uint64_t slow_places(const struct dispatcher *d, enum route_channel channel) {
  return d->lanes->slow_workers[channel] + lanes_too_silent(d->lanes, channel);
}

static bool window_allows(const struct destination *x) {
  return x->channel == CHANNEL_LOCAL || x->lane->workers < lane_window(x->lane);
}

/* The last quarter of the places is for others than this one; of local ones it
 * is for users who have none, as a worker runs as its user, who can keep it. */
static bool has_its_share(const struct dispatcher *d, const struct destination *x) {
  uint64_t most = most_for_one(d, x->channel);
  if (x->channel == CHANNEL_LOCAL && x->lane->workers && d->running[CHANNEL_LOCAL] >= most) return true;
  return x->lane->workers >= most || (x->lane->slow && slow_places(d, x->channel) >= most);
}

static bool may_start(const struct dispatcher *d, const struct destination *x) {
  return !is_full(d, x->channel) && window_allows(x) && !has_its_share(d, x);
}

static struct destination *first_to_start(const struct dispatcher *d, const struct destination_line *l) {
  struct destination *x = l->first;
  if (x && is_full(d, x->channel)) return NULL;
  while (x && !may_start(d, x)) x = x->next;
  return x;
}

/* Rather one that any place would help. */
static void find_starved(struct dispatcher *d, enum route_channel channel) {
  const struct destination_line *l = &d->lines[channel][NEED_FIRST];
  d->starved[channel] = NULL;
  if (first_to_start(d, l)) return;
  for (const struct destination *x = l->first; x; x = x->next) {
    if (!window_allows(x)) continue;
    if (!d->starved[channel]) d->starved[channel] = x;
    if (has_its_share(d, x)) continue;
    d->starved[channel] = x;
    return;
  }
}

/* Whether the place of this worker is one that the starved one could have. */
static bool can_help(const struct dispatcher *d, const struct worker *w) {
  const struct destination *x = d->starved[w->destination->channel];
  return x && (x->lane == w->destination->lane || (x->lane->slow && w->destination->lane->slow) ||
               (is_full(d, x->channel) && !has_its_share(d, x)));
}

static bool is_too_many(const struct worker *w) {
  const struct lane *l = w->destination->lane;
  return l->channel == CHANNEL_REMOTE && l->workers > lane_window(l);
}

/* Then this worker gets no more jobs. */
static bool must_yield(const struct dispatcher *d, const struct worker *w) {
  if (is_too_many(w)) return true;
  return (w->destination->workers > 1 || w->next_number >= DISPATCH_QUANTUM) && can_help(d, w);
}

/* One that has not read what it was sent gets nothing more to read: the
 * frames, and the descriptors with them, would pile up here. */
static bool may_take(const struct worker *w) {
  return w->outstanding < jobs_ahead(w->destination) && !frame_pending(&w->writer);
}

/* Of those that can take a job of their destination the one with the fewest. */
static struct worker *least_busy(const struct dispatcher *d, enum route_channel channel) {
  struct worker *best = NULL;
  for (struct worker *w = d->workers; w; w = w->next)
    if (w->destination->channel == channel && !w->closing && w->destination->queued &&
        may_take(w) && !must_yield(d, w) && (!best || w->outstanding < best->outstanding))
      best = w;
  return best;
}

/* A worker without a job whose place somebody else can have. */
static struct worker *longest_idle(const struct dispatcher *d, enum route_channel channel) {
  struct worker *best = NULL;
  for (struct worker *w = d->workers; w; w = w->next)
    if (w->destination->channel == channel && !w->closing && w->outstanding == 0 &&
        (is_too_many(w) || (can_help(d, w) && (w->destination->queued == 0 || must_yield(d, w)))) &&
        (!best || w->idle_since_us < best->idle_since_us))
      best = w;
  return best;
}

/* Who gets something goes to the end of the line. */
static struct destination *take_turn(const struct dispatcher *d, struct destination_line *l) {
  struct destination *x = first_to_start(d, l);
  if (!x) return NULL;
  leave_line(x);
  join_line(x);
  return x;
}

static struct decision decide_for(struct dispatcher *d, enum route_channel channel) {
  struct destination_line *lines = d->lines[channel];
  find_starved(d, channel);
  struct worker *w = least_busy(d, channel);
  if (w)
    return (struct decision){DECIDE_SEND, w, w->destination, dispatch_unqueue(w->destination)};
  if (!d->blocked[channel]) {
    struct destination *x = take_turn(d, &lines[NEED_FIRST]);
    if (!x) x = take_turn(d, &lines[NEED_MORE]);
    if (x) return (struct decision){DECIDE_START, NULL, x, NULL};
  }
  w = longest_idle(d, channel);
  if (w) return (struct decision){DECIDE_CLOSE, w, w->destination, NULL};
  return (struct decision){DECIDE_NOTHING, NULL, NULL, NULL};
}

struct decision dispatch_next(struct dispatcher *d) {
  struct decision x = decide_for(d, CHANNEL_LOCAL);
  return x.kind == DECIDE_NOTHING ? decide_for(d, CHANNEL_REMOTE) : x;
}

void dispatch_add_worker(struct dispatcher *d, struct worker *w, struct destination *to) {
  w->destination = to;
  w->next = d->workers;
  d->workers = w;
  to->workers++;
  lane_add_worker(d->lanes, to->lane);
  to->attached++;
  d->running[to->channel]++;
  change_line(to);
}

void dispatch_close_worker(struct dispatcher *d, struct worker *w) {
  if (w->closing) return;
  dispatch_silent(d, w, false);
  w->closing = true;
  w->destination->workers--;
  lane_drop_worker(d->lanes, w->destination->lane);
  d->running[w->destination->channel]--;
  change_line(w->destination);
}

void dispatch_silent(struct dispatcher *d, struct worker *w, bool silent) {
  if (w->silent == silent) return;
  w->silent = silent;
  lane_silent(d->lanes, w->destination->lane, silent);
}

void dispatch_drop_worker(struct dispatcher *d, struct worker *w) {
  dispatch_close_worker(d, w);
  for (struct worker **link = &d->workers; *link; link = &(*link)->next)
    if (*link == w) {
      *link = w->next;
      w->destination->attached--;
      change_line(w->destination);
      return;
    }
}

void dispatch_forget_idle(struct dispatcher *d) {
  for (int channel = 0; channel < 2; channel++)
    for (struct destination *x; (x = d->lines[channel][NEED_NOTHING].first);) {
      leave_line(x);
      tdelete(x, &d->by_key, compare);
      x->lane->destinations--;
      destination_free(x);
    }
}

unsigned dispatch_busy(const struct dispatcher *d, enum route_channel channel) {
  unsigned busy = 0;
  for (const struct worker *w = d->workers; w; w = w->next)
    if (w->destination->channel == channel && w->outstanding) busy++;
  return busy - (unsigned)lanes_silent(d->lanes, channel);
}

int job_add(struct job *j, size_t place, const stralloc *address) {
  if (room_make(&j->recipients, j->count, &j->space, sizeof *j->recipients, 1) == -1) return -1;
  struct job_recipient *r = &j->recipients[j->count];
  *r = (struct job_recipient){.place = place};
  if (!stralloc_copy(&r->address, address)) return -1;
  j->count++;
  j->unreported++;
  return 0;
}

void job_free(struct job *j) {
  for (size_t i = 0; i < j->count; i++) stralloc_free(&j->recipients[i].address);
  free(j->recipients);
  free(j);
}
