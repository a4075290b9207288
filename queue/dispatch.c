#include "config.h"
#include "queue/dispatch.h"
#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare_texts(const stralloc *a, const stralloc *b) {
  if (a->len != b->len) return a->len < b->len ? -1 : 1;
  return a->len ? memcmp(a->s, b->s, a->len) : 0;
}

static int compare(const void *a, const void *b) {
  const struct destination *x = a, *y = b;
  if (x->channel != y->channel) return x->channel < y->channel ? -1 : 1;
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

struct destination *dispatch_destination(struct dispatcher *d, const struct route *r) {
  struct destination *x = calloc(1, sizeof *x);
  if (!x) return NULL;
  x->channel = r->channel;
  x->port = r->channel == CHANNEL_REMOTE ? r->port : 0;
  x->use_mx = r->use_mx;
  if (!stralloc_copy(&x->host, r->channel == CHANNEL_REMOTE ? &r->host : &r->address))
    return destination_free(x), NULL;
  fold_case(&x->host);
  struct destination **node = tsearch(x, &d->by_key, compare);
  if (!node) return destination_free(x), NULL;
  if (*node != x) {
    destination_free(x);
    return *node;
  }
  x->next = d->destinations;
  d->destinations = x;
  return x;
}

void dispatch_queue(struct destination *to, struct job *j) {
  j->next = NULL;
  j->destination = to;
  if (to->last) to->last->next = j;
  else to->first = j;
  to->last = j;
  to->queued++;
}

static struct job *unqueue(struct destination *from) {
  struct job *j = from->first;
  from->first = j->next;
  if (!from->first) from->last = NULL;
  from->queued--;
  return j;
}

static unsigned jobs_ahead(const struct destination *x) {
  return x->channel == CHANNEL_LOCAL ? AGENT_JOBS_AHEAD : 1;
}

/* One that has not read what it was sent gets nothing more to read: the
 * frames, and the descriptors with them, would pile up here. */
static bool may_take(const struct worker *w) {
  return w->outstanding < jobs_ahead(w->destination) && !frame_pending(&w->writer);
}

/* While another destination starves this worker gets no more jobs. */
static bool must_yield(const struct dispatcher *d, const struct worker *w) {
  return d->starving[w->destination->channel] &&
         (w->destination->workers > 1 || w->next_number >= DISPATCH_QUANTUM);
}

static struct worker *least_busy(const struct dispatcher *d, const struct destination *x) {
  struct worker *best = NULL;
  for (struct worker *w = d->workers; w; w = w->next)
    if (w->destination == x && !w->closing && !must_yield(d, w) &&
        (!best || w->outstanding < best->outstanding))
      best = w;
  return best;
}

/* A worker without a job whose place somebody else can have. */
static struct worker *longest_idle(const struct dispatcher *d, enum route_channel channel) {
  struct worker *best = NULL;
  for (struct worker *w = d->workers; w; w = w->next)
    if (w->destination->channel == channel && !w->closing && w->outstanding == 0 &&
        (w->destination->queued == 0 || must_yield(d, w)) &&
        (!best || w->idle_since_us < best->idle_since_us))
      best = w;
  return best;
}

static void find_starving(struct dispatcher *d) {
  d->starving[CHANNEL_LOCAL] = d->starving[CHANNEL_REMOTE] = false;
  for (const struct destination *x = d->destinations; x; x = x->next)
    if (x->queued && !x->workers && d->running[x->channel] >= d->limit[x->channel])
      d->starving[x->channel] = true;
}

static struct decision decide_for(struct dispatcher *d, struct destination *x) {
  struct worker *w = x->workers ? least_busy(d, x) : NULL;
  if (w && may_take(w)) return (struct decision){DECIDE_SEND, w, x, unqueue(x)};
  if (d->running[x->channel] < d->limit[x->channel])
    return (struct decision){DECIDE_START, NULL, x, NULL};
  w = x->workers ? NULL : longest_idle(d, x->channel);
  if (w) return (struct decision){DECIDE_CLOSE, w, w->destination, NULL};
  return (struct decision){DECIDE_NOTHING, NULL, x, NULL};
}

/* Who got something goes to the end of the line. */
static void rotate(struct destination **link) {
  struct destination *x = *link, **end = link;
  if (!x->next) return;
  *link = x->next;
  while (*end) end = &(*end)->next;
  *end = x;
  x->next = NULL;
}

struct decision dispatch_next(struct dispatcher *d) {
  find_starving(d);
  for (struct destination **link = &d->destinations; *link; link = &(*link)->next) {
    if (!(*link)->queued) continue;
    struct decision decision = decide_for(d, *link);
    if (decision.kind == DECIDE_NOTHING) continue;
    if (decision.kind != DECIDE_CLOSE) rotate(link);
    return decision;
  }
  return (struct decision){DECIDE_NOTHING, NULL, NULL, NULL};
}

void dispatch_add_worker(struct dispatcher *d, struct worker *w, struct destination *to) {
  w->destination = to;
  w->next = d->workers;
  d->workers = w;
  to->workers++;
  d->running[to->channel]++;
}

void dispatch_close_worker(struct dispatcher *d, struct worker *w) {
  if (w->closing) return;
  w->closing = true;
  w->destination->workers--;
  d->running[w->destination->channel]--;
}

void dispatch_drop_worker(struct dispatcher *d, struct worker *w) {
  dispatch_close_worker(d, w);
  for (struct worker **link = &d->workers; *link; link = &(*link)->next)
    if (*link == w) {
      *link = w->next;
      return;
    }
}

static bool is_used(const struct dispatcher *d, const struct destination *x) {
  if (x->queued || x->workers) return true;
  for (const struct worker *w = d->workers; w; w = w->next)
    if (w->destination == x) return true;
  return false;
}

void dispatch_forget_idle(struct dispatcher *d) {
  for (struct destination **link = &d->destinations; *link;) {
    struct destination *x = *link;
    if (is_used(d, x)) {
      link = &x->next;
      continue;
    }
    *link = x->next;
    tdelete(x, &d->by_key, compare);
    destination_free(x);
  }
}

unsigned dispatch_busy(const struct dispatcher *d, enum route_channel channel) {
  unsigned busy = 0;
  for (const struct worker *w = d->workers; w; w = w->next)
    if (w->destination->channel == channel && w->outstanding) busy++;
  return busy;
}

int job_add(struct job *j, size_t place, const stralloc *address) {
  if (j->count == j->space) {
    size_t space = j->space ? j->space * 2 : 1;
    struct job_recipient *grown = reallocarray(j->recipients, space, sizeof *grown);
    if (!grown) return -1;
    j->recipients = grown;
    j->space = space;
  }
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
