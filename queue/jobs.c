#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "lib/verp.h"
#include "queue/bounce.h"
#include "queue/runner.h"

/* From a message's recipients to jobs, as far as their lanes have room; what
 * has no room waits in the queue and not here. */

enum { LONG_LIST = 200, REFUSALS_MAX = 1000 }; /* in a row: a long list is not looked through for nothing */

static uint64_t boot_us(const struct runner *r) { return clock_boot_us(r->clock); }

/* The whole body is read, and its checksum compared, before any of it leaves. */
static int prepare_body(struct runner *r, struct active *a) {
  const struct message *m = &a->message;
  if (m->file.body_octets <= AGENT_CONTENT_MAX)
    return message_read_body(m, &a->content, UINT64_MAX);
  switch (queuefile_check_body(&m->file, m->fd)) {
    case QUEUEFILE_OK: break;
    case QUEUEFILE_IO_ERROR: return -1;
    case QUEUEFILE_NO_TRAILER:
    case QUEUEFILE_BAD_VERSION:
    case QUEUEFILE_BAD_ENVELOPE:
    case QUEUEFILE_BAD_CHECKSUM: return errno = EBADMSG, -1;
  }
  a->body_copy = store_body_copy(&r->store, m->fd, m->file.body_octets);
  return a->body_copy == -1 ? -1 : 0;
}

static int begin_job(struct runner *r, struct active *a, struct destination *to, size_t place,
                     const stralloc *address) {
  struct job *j = calloc(1, sizeof *j);
  if (!j) return -1;
  if (job_add(j, place, address) == -1) return job_free(j), -1;
  j->active = a;
  a->jobs_left++;
  to->filling = j;
  dispatch_queue(to, j);
  lane_begin(&r->lanes, to->lane, boot_us(r));
  return 0;
}

static size_t job_limit(const struct runner *r, const struct active *a, const struct destination *to) {
  if (verp_is_wanted(a->message.file.envelope.sender)) return 1; /* each has a sender of his own */
  uint64_t limit = to->channel == CHANNEL_LOCAL ? 1 : r->settings.recipientlimit;
  return limit < 1 ? 1 : limit < AGENT_RECIPIENTS_MAX ? (size_t)limit : AGENT_RECIPIENTS_MAX;
}

/* The last job of the destination, when it is this message's and not full. */
static struct job *open_job(const struct runner *r, const struct active *a, const struct destination *to) {
  struct job *j = to->queued ? to->filling : NULL;
  return j && j->active == a && j->count < job_limit(r, a, to) ? j : NULL;
}

/* Who can wait no longer, for a destination that cannot be reached, fails with
 * what its last probe said; who has waited so long that the sender is to be
 * told is deferred with it. */
static void note_unreachable(struct runner *r, struct active *a, size_t recipient, const struct lane *l) {
  struct result result = {.class = RESULT_DEFERRAL, .status = text_of("4.4.1"), .text = text_of_stralloc(&l->last_error)};
  if (!result.text.len) result.text = text_of("the destination cannot be reached");
  rounds_note(r, a, recipient, l, &result);
}

/* RFC 3463 3.5: 4.4.5, mail system congestion. */
static void note_congestion(struct runner *r, struct active *a, size_t recipient, const struct lane *l) {
  struct result result = {.class = RESULT_DEFERRAL,
                          .status = text_of("4.4.5"),
                          .text = text_of("it waits for its turn: there is much mail for its destination")};
  if (l->held) result.text = text_of("mail for its destination is held by the administrator");
  rounds_note(r, a, recipient, l, &result);
}

enum placing {
  PLACED,
  PASSED_OVER,  /* for now */
  CHANNEL_FULL, /* and so it may be with those that follow */
  NO_MORE,      /* the message has as many jobs as it may have at a time */
  NO_BODY,      /* errno says why */
  FAILED
};

/* A message can be parked in one lane only: in the one that is likely to fetch
 * it first, lest a destination that is shut, or will be as its rate is limited,
 * keeps mail from another one. */
static unsigned hope(const struct lane *l, enum lane_refusal why) {
  switch (why) {
    case LANE_TAKES: break;
    case LANE_CHANNEL_FULL: return 6;
    case LANE_FULL: return l->limits.rate ? 3 : l->slow ? 4 : 5;
    case LANE_SHUT: return 2;
    case LANE_HELD: return 1;
  }
  return 0;
}

static void refused(const struct runner *r, struct active *a, uint32_t lane, unsigned hopes) {
  if (a->refused_by && a->refused_by != lane) a->refused_elsewhere = true;
  if (a->refused_by && a->refusal_hope >= hopes) return;
  lane_refer(&r->lanes, &a->refused_by, lane);
  a->refusal_hope = hopes;
}

static enum placing refuse(struct runner *r, struct active *a, size_t recipient, const struct lane *l,
                           enum lane_refusal why) {
  bool down = why == LANE_SHUT && l->window.down, expired = rounds_is_expired(r, a);
  bool warn = !expired && bounce_would_warn(&a->message, recipient, rounds_age(r, a), &r->settings);
  if (down && (warn || expired)) note_unreachable(r, a, recipient, l);
  else if (warn) note_congestion(r, a, recipient, l);
  if (down && expired) return PLACED;
  a->message.states[recipient].refused = true;
  refused(r, a, why == LANE_CHANNEL_FULL ? lanes_overflow(l->channel) : l->number, hope(l, why));
  return why == LANE_CHANNEL_FULL ? CHANNEL_FULL : PASSED_OVER;
}

static bool is_due(const struct recipient_state *s, uint64_t age_s) {
  return s->progress == RECIPIENT_WAITING && s->next_age_s <= age_s;
}

/* A long list leaves room for others. */
static size_t most_jobs(const struct runner *r, enum route_channel channel) {
  return r->lanes.room[channel] / 2;
}

static enum placing fail_nowhere(struct runner *r, struct active *a, size_t recipient) {
  struct result result = {.class = RESULT_FAILURE,
                          .status = text_of("5.1.2"),
                          .text = text_of("this address has no host that mail could be sent to")};
  rounds_note(r, a, recipient, NULL, &result);
  return PLACED;
}

/* In this round, or since an earlier one that had no room for him. */
static bool is_hurried(const struct active *a, size_t recipient) {
  return a->hurried || (a->hurry && a->message.states[recipient].last.age_s + 1 < a->hurry);
}

/* Whoever is not due waits for his own next try, unless that was put off as
 * nobody was reached: then he goes as a probe, and once when somebody is. */
static bool may_hasten(const struct runner *r, const struct active *a, size_t recipient, const struct lane *l) {
  const struct logrecord *last = &a->message.states[recipient].last;
  enum window_event e = window_event(&last->result);
  if (a->fetched != l->number || (e != WINDOW_UNREACHED && e != WINDOW_TURNED_AWAY)) return false;
  uint64_t age_s = rounds_age(r, a), up_s = (boot_us(r) - l->window.reached_us) / 1000000u;
  return l->window.down || (l->window.reached_us && age_s > last->age_s && age_s - last->age_s > up_s);
}

static enum placing place(struct runner *r, struct active *a, size_t recipient, const struct route *route) {
  if (route_leads_nowhere(route)) return fail_nowhere(r, a, recipient);
  struct destination *to = dispatch_destination(&r->dispatcher, route);
  if (!to) return FAILED;
  if (!is_hurried(a, recipient) && !is_due(&a->message.states[recipient], rounds_age(r, a)) && !may_hasten(r, a, recipient, to->lane))
    return PASSED_OVER;
  struct job *j = open_job(r, a, to);
  if (j) return job_add(j, recipient, &route->address) == 0 ? PLACED : FAILED;
  /* before the lane is asked: it may be full of this message's own jobs, and
   * to park a long list means to read all of it again */
  if (a->jobs_left >= most_jobs(r, to->channel)) return NO_MORE;
  enum lane_refusal why = lane_refuses(&r->lanes, to->lane, boot_us(r));
  if (why != LANE_TAKES) return refuse(r, a, recipient, to->lane, why);
  if (!a->has_body && prepare_body(r, a) == -1) return NO_BODY;
  a->has_body = true;
  return begin_job(r, a, to, recipient, &route->address) == 0 ? PLACED : FAILED;
}

/* No route, or no memory for one: as if an attempt had been deferred. */
static void defer_unrouted(struct runner *r, struct active *a, size_t recipient) {
  struct result result = {.class = RESULT_DEFERRAL,
                          .status = text_of("4.3.5"),
                          .text = text_of("unable to find a route for this address")};
  report_problem(r, "unable to route a recipient", &a->message.id);
  rounds_note(r, a, recipient, NULL, &result);
}

/* Whom to look at: all that wait, when the message was fetched or hurried. */
static bool may_go(const struct active *a, size_t recipient, uint64_t age_s) {
  const struct recipient_state *s = &a->message.states[recipient];
  if (a->hurried || a->hurry || a->fetched) return s->progress == RECIPIENT_WAITING;
  return is_due(s, age_s);
}

static struct text domain_of(const struct envelope *e, uint32_t recipient) {
  struct text address = e->recipients[recipient].address;
  const char *at = address.len ? memrchr(address.s, '@', address.len) : NULL;
  return at ? (struct text){at, address.len - (size_t)(at - address.s)} : text_of("");
}

static int by_domain(const void *a, const void *b, void *envelope) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  int order = text_compare_nocase(domain_of(envelope, x), domain_of(envelope, y));
  return order ? order : x < y ? -1 : x > y;
}

/* How often a neighbour goes elsewhere. */
static size_t changes(const struct envelope *e) {
  size_t n = 0;
  for (uint32_t i = 1; i < e->recipient_count; i++)
    if (!text_equal_nocase(domain_of(e, i - 1), domain_of(e, i))) n++;
  return n;
}

/* Of a long list not all recipients are looked at at a time: those of one
 * domain are to stand together, so that they share transactions.  Without
 * memory they go in the list's order. */
static void sort_long_list(const struct runner *r, struct active *a) {
  struct envelope *e = &a->message.file.envelope;
  if (a->order || e->recipient_count < LONG_LIST || changes(e) < e->recipient_count / (r->settings.recipientlimit + 1)) return;
  a->order = reallocarray(NULL, e->recipient_count, sizeof *a->order);
  if (!a->order) return;
  for (uint32_t i = 0; i < e->recipient_count; i++) a->order[i] = i;
  qsort_r(a->order, e->recipient_count, sizeof *a->order, by_domain, e);
}

/* Those who are not looked at in this round wait like the ones before them. */
static void refuse_others(struct active *a) {
  size_t count = a->message.file.envelope.recipient_count;
  for (; a->next_recipient < count; a->next_recipient++)
    a->message.states[a->order ? a->order[a->next_recipient] : a->next_recipient].refused = true;
}

/* False: errno says why the message cannot be sent. */
static bool make_more(struct runner *r, struct active *a) {
  const struct envelope *e = &a->message.file.envelope;
  struct route route = {0};
  uint64_t age_s = rounds_age(r, a);
  enum placing p = PLACED;
  unsigned refusals = 0;
  for (size_t *next = &a->next_recipient; *next < e->recipient_count && refusals < REFUSALS_MAX; ++*next) {
    size_t i = a->order ? a->order[*next] : *next;
    if (!may_go(a, i, age_s)) continue;
    p = FAILED;
    if (srsrules_route(&r->settings.srs, &r->settings.routes, e->sender, e->recipients[i].address,
                       clock_wall_us(r->clock), &route, NULL) == 0)
      p = place(r, a, i, &route);
    if (p == NO_MORE || p == NO_BODY) break;
    if (p == FAILED) defer_unrouted(r, a, i);
    refusals = p == CHANNEL_FULL ? refusals + 1 : 0;
  }
  if (p != NO_MORE) refuse_others(a);
  int saved = errno;
  route_free(&route);
  errno = saved;
  return p != NO_BODY;
}

void jobs_make(struct runner *r, struct active *a) {
  sort_long_list(r, a);
  if (!make_more(r, a)) rounds_fail(r, a, "unable to prepare a message");
  else if (a->jobs_left == 0) rounds_settle(r, a);
}

static bool wants_more(const struct runner *r, const struct active *a, enum route_channel channel) {
  return !r->exiting && a->next_recipient < a->message.file.envelope.recipient_count &&
         a->jobs_left <= most_jobs(r, channel) / 2;
}

static void end_job(struct runner *r, struct job *j, uint64_t took_us) {
  if (j->destination->filling == j) j->destination->filling = NULL;
  lane_end(&r->lanes, j->destination->lane, j->event, took_us, boot_us(r));
  j->active->jobs_left--;
  job_free(j);
}

/* Those that the list has not come to yet may go elsewhere. */
static void go_on(struct runner *r, struct active *a, enum route_channel channel) {
  if (wants_more(r, a, channel)) jobs_make(r, a);
  else if (a->jobs_left == 0) rounds_settle(r, a);
}

void jobs_take_back(struct runner *r, const struct lane *l) {
  struct destination *to;
  while ((to = dispatch_of_lane(&r->dispatcher, l))) {
    struct job *j = dispatch_unqueue(to);
    struct active *a = j->active;
    for (size_t i = 0; i < j->count; i++) a->message.states[j->recipients[i].place].refused = true;
    refused(r, a, l->number, hope(l, l->held ? LANE_HELD : LANE_SHUT));
    end_job(r, j, 0);
    go_on(r, a, l->channel);
  }
}

void jobs_withdraw(struct runner *r, struct active *a) {
  a->next_recipient = a->message.file.envelope.recipient_count;
  for (struct job *j = dispatch_withdraw(&r->dispatcher, a), *next; j; j = next) {
    next = j->next;
    end_job(r, j, 0);
  }
}

void jobs_over(struct runner *r, struct job *j) {
  struct active *a = j->active;
  const struct lane *l = j->destination->lane;
  bool was_down = l->window.down;
  a->jobs_left++; /* not to be settled in between */
  end_job(r, j, j->sent_us ? boot_us(r) - j->sent_us : 0);
  report_status(r);
  if (l->window.down || was_down) report_lane(r, l);
  if (l->window.down && !was_down) jobs_take_back(r, l);
  a->jobs_left--;
  go_on(r, a, l->channel);
}
