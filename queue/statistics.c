#include "config.h"
#include "queue/statistics.h"
#include <errno.h>
#include <stdlib.h>

static uint32_t count_lanes(const struct lanes *s) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < s->count; i++) n += lanes_at(s, i) != NULL;
  return n;
}

static struct ctlstats_totals totals_of(const struct runner *r) {
  const struct counters *c = &r->counters;
  const uint64_t *local = c->recipients[CHANNEL_LOCAL], *remote = c->recipients[CHANNEL_REMOTE];
  return (struct ctlstats_totals){
    .started_us = c->started_us,
    .taken = c->taken,
    .finished = c->finished,
    .bounced = c->bounced,
    .local_delivered = local[RESULT_SUCCESS],
    .local_deferred = local[RESULT_DEFERRAL],
    .local_failed = local[RESULT_FAILURE],
    .remote_delivered = remote[RESULT_SUCCESS],
    .remote_deferred = remote[RESULT_DEFERRAL],
    .remote_failed = remote[RESULT_FAILURE],
    .destinations = count_lanes(&r->lanes),
    .local_crowded = waitlist_parked(&r->waitlist, lanes_overflow(CHANNEL_LOCAL)),
    .remote_crowded = waitlist_parked(&r->waitlist, lanes_overflow(CHANNEL_REMOTE)),
  };
}

static struct ctlstats_destination destination_of(const struct runner *r, const struct lane *l,
                                                  uint64_t oldest_us) {
  uint64_t now_us = clock_boot_us(r->clock), opens_us = window_opens_us(&l->window, &l->limits, now_us);
  bool windowed = l->channel == CHANNEL_REMOTE;
  return (struct ctlstats_destination){
    .name = text_of_stralloc(&l->name),
    .channel = l->channel,
    .waiting = waitlist_in_lane(&r->waitlist, l->number),
    .parked = waitlist_parked(&r->waitlist, l->number),
    .active = l->jobs,
    .workers = l->workers,
    .window = windowed ? lane_window(l) : 0,
    .window_most = windowed ? l->limits.most : 0,
    .down = l->window.down,
    .held = l->held,
    .opens_s = opens_us > now_us ? (opens_us - now_us + 999999) / 1000000u : 0,
    .backoff_s = l->window.down ? l->window.backoff_s : 0,
    .rate = l->limits.rate,
    .rate_s = l->limits.rate_s,
    .delivered = l->delivered,
    .deferred = l->deferred,
    .failed = l->failed,
    .last_error = l->last_error.len ? text_of_stralloc(&l->last_error) : TEXT_ABSENT,
    .last_error_us = l->last_error_us,
    .oldest_us = oldest_us,
    .silent = l->silent_jobs,
    .unreached = l->unreached,
  };
}

static int queue_totals(const struct runner *r, struct frame_writer *w) {
  struct ctlstats_totals t = totals_of(r);
  stralloc payload = {0};
  int result = ctlstats_put_totals(&payload, &t);
  if (result == 0) result = frame_queue(w, &ctl_protocol, CTL_TOTALS, text_of_stralloc(&payload), -1);
  stralloc_free(&payload);
  return result;
}

/* A name that is too long for a frame is left out. */
static int queue_destination(const struct statistics *s, const struct runner *r, const struct lane *l,
                             struct frame_writer *w) {
  struct ctlstats_destination d = destination_of(r, l, l->number < s->lanes ? s->oldest_us[l->number] : 0);
  stralloc payload = {0};
  int result = ctlstats_put_destination(&payload, &d);
  if (result == -1 && errno != ENOMEM) result = 0;
  else if (result == 0)
    result = frame_queue(w, &ctl_protocol, CTL_DESTINATION, text_of_stralloc(&payload), -1);
  stralloc_free(&payload);
  return result;
}

/* An address's destination becomes known by that, so that its limits can be
 * told; it is forgotten like any that has nothing to do. */
static int name_destination(struct statistics *s, struct runner *r, const struct ctlstats_request *request) {
  struct route route = {0};
  const struct lane *l = NULL;
  if (!request->address.s) return text_cat(&s->name, request->name);
  int result = srsrules_route(&r->settings.srs, &r->settings.routes, request->sender, request->address, clock_wall_us(r->clock), &route, NULL);
  if (result == 0 && !route_leads_nowhere(&route) && !(l = lanes_for(&r->lanes, &route))) result = -1;
  if (l && !stralloc_copy(&s->name, &l->name)) result = -1;
  route_free(&route);
  return result;
}

int statistics_begin(struct statistics *s, struct runner *r, struct text payload, struct frame_writer *w) {
  struct ctlstats_request request;
  if (ctlstats_read_request(&request, payload) == -1) return -1;
  statistics_free(s);
  s->all = !request.name.s && !request.address.s;
  if (name_destination(s, r, &request) == -1) return errno = ENOMEM, -1;
  s->lanes = r->lanes.count;
  s->oldest_us = calloc((size_t)s->lanes + 1, sizeof *s->oldest_us);
  if (!s->oldest_us || queue_totals(r, w) == -1) return errno = ENOMEM, -1;
  s->busy = true;
  return 0;
}

static int tell_one(struct statistics *s, struct runner *r, struct frame_writer *w) {
  const struct lane *l = lanes_named(&r->lanes, text_of_stralloc(&s->name), false);
  s->busy = false;
  return l ? queue_destination(s, r, l, w) : 0;
}

static int tell_some(struct statistics *s, struct runner *r, struct frame_writer *w) {
  size_t before = w->out.len;
  for (; s->lane < r->lanes.count; s->lane++) {
    const struct lane *l = lanes_at(&r->lanes, s->lane);
    if (w->out.len - before > STATISTICS_OCTETS) return 0;
    if (l && queue_destination(s, r, l, w) == -1) return -1;
  }
  s->busy = false;
  return 0;
}

int statistics_go_on(struct statistics *s, struct runner *r, struct frame_writer *w) {
  if (waitlist_oldest(&r->waitlist, &s->message, STATISTICS_MESSAGES, s->oldest_us, s->lanes)) return 0;
  return s->all ? tell_some(s, r, w) : tell_one(s, r, w);
}

void statistics_free(struct statistics *s) {
  stralloc_free(&s->name);
  free(s->oldest_us);
  *s = (struct statistics){0};
}
