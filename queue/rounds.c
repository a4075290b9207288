#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/crc32c.h"
#include "lib/idn.h"
#include "queue/bounce.h"
#include "queue/runner.h"

/* A round: a message is due, becomes active, its recipients' jobs are done, and
 * what came of them is settled. */

static const uint64_t look_again_s = 600;

static uint64_t boot_us(const struct runner *r) { return clock_boot_us(r->clock); }

/* ---- activating */

static int compare_active(const struct active *a, const struct queueid *id) {
  return strcmp(a->message.id.s, id->s);
}

struct active *rounds_find(struct runner *r, const struct queueid *id) {
  for (struct active *a = r->actives; a; a = a->next)
    if (compare_active(a, id) == 0) return a;
  return NULL;
}

static void link_active(struct runner *r, struct active *a) {
  a->next = r->actives;
  if (a->next) a->next->previous = a;
  r->actives = a;
  r->active_count++;
}

void rounds_drop(struct runner *r, struct active *a) {
  if (a->next) a->next->previous = a->previous;
  if (a->previous) a->previous->next = a->next;
  else r->actives = a->next;
  r->active_count--;
  if (a->body_copy >= 0) close(a->body_copy);
  free(a->order);
  lane_refer(&r->lanes, &a->refused_by, NO_LANE);
  lane_refer(&r->lanes, &a->deferred_by, NO_LANE);
  stralloc_free(&a->unlogged);
  stralloc_free(&a->content);
  message_free(&a->message);
  free(a);
}

/* ---- results */

uint64_t rounds_age(const struct runner *r, const struct active *a) {
  return schedule_age(a->age_s, a->since_us, boot_us(r));
}

static uint64_t lifetime_s(const struct runner *r, const struct active *a) {
  return bounce_lifetime_s(&a->message, &r->settings);
}

bool rounds_is_expired(const struct runner *r, const struct active *a) {
  const struct message *m = &a->message;
  return m->expired || (!m->held && rounds_age(r, a) >= lifetime_s(r, a)); /* held ones do not */
}

/* RFC 3463 3.5: 5.4.7, delivery time expired.  The remote's words stay. */
static void expire(struct result *result) {
  result->class = RESULT_FAILURE;
  result->status = text_of("5.4.7");
}

/* A message gets its last try when its life ends, however long the way there
 * would be. */
static uint64_t within_life(uint64_t next_age_s, uint64_t end_s) {
  return next_age_s < end_s ? next_age_s : end_s;
}

/* RFC 3463 3.8: 5.7.1, not authorized: the administrator wants it back. */
static const struct result returned = {
  .class = RESULT_FAILURE,
  .status = {"5.7.1", 5},
  .text = {"returned by the administrator", 29},
};

/* By the plan for its destination, or by qmail's formula. */
static uint64_t next_age(const struct runner *r, const struct active *a, uint64_t age_s,
                         const struct lane *l) {
  const struct list_line *line =
    l ? idn_find_domain(&r->settings.retryschedule, lane_host(l)) : NULL;
  uint64_t next_s = line ? schedule_planned_age(age_s, line->value)
                         : schedule_next_age(age_s, r->settings.retryskip_s[l ? l->channel : CHANNEL_REMOTE]);
  uint32_t seed = crc32c(0, a->message.id.s, QUEUEID_LENGTH);
  return within_life(schedule_jitter(age_s, next_s, r->settings.retryjitter, seed), lifetime_s(r, a));
}

/* What a result means for a recipient, in the log's form.  Where nothing was
 * tried he stays due. */
static struct logrecord note_result(struct runner *r, struct active *a, size_t recipient,
                                    const struct lane *l, struct result *result, bool tried) {
  uint64_t age_s = rounds_age(r, a);
  if (result->class == RESULT_DEFERRAL && a->message.returned) *result = returned;
  if (result->class == RESULT_DEFERRAL && rounds_is_expired(r, a)) expire(result);
  struct logrecord record = {
    .time_us = clock_wall_us(r->clock), .age_s = age_s, .recipient = recipient, .result = *result};
  if (result->class == RESULT_DEFERRAL) {
    record.next_age_s = tried ? next_age(r, a, age_s, l) : age_s;
    record.route = l && l->name.len <= MSGLOG_ROUTE_MAX ? text_of_stralloc(&l->name) : TEXT_ABSENT;
    lane_refer(&r->lanes, &a->deferred_by, l ? l->number : NO_LANE);
  }
  r->counters.recipients[l ? l->channel : CHANNEL_REMOTE][result->class]++;
  message_apply(&a->message, &record);
  return record;
}

/* What is to be told goes to the log first. */
static bool ends_well(const struct runner *r, const struct active *a, const struct logrecord *record) {
  if (record->result.class != RESULT_SUCCESS || !message_is_finished(&a->message)) return false;
  return !bounce_is_due(&a->message, &r->settings);
}

/* The first result that does not finish the message takes it out of the
 * injectors' reach and begins its log. */
int rounds_append(struct runner *r, struct active *a) {
  struct message *m = &a->message;
  if (a->unlogged.len == 0) return 0;
  if (m->place == PLACE_TODO) {
    if (store_move_to_wait(&r->store, &m->id) == -1) return -1;
    m->place = PLACE_WAIT;
  }
  if (message_append(m, &r->store, text_of_stralloc(&a->unlogged)) == -1) return -1;
  stralloc_zero(&a->unlogged);
  return 0;
}

static void record_result(struct runner *r, struct active *a, const struct logrecord *record) {
  if (ends_well(r, a, record)) return;
  if (msglog_cat(&a->unlogged, record) == -1 || rounds_append(r, a) == -1)
    report_problem(r, "unable to record a result", &a->message.id);
}

void rounds_note(struct runner *r, struct active *a, size_t recipient, const struct lane *l,
                 struct result *result) {
  struct logrecord record = note_result(r, a, recipient, l, result, l == NULL);
  record_result(r, a, &record);
}

static void mark_under_way(struct runner *r, struct active *a, bool under_way) {
  for (const struct worker *w = r->dispatcher.workers; w; w = w->next)
    for (const struct job *j = w->jobs; j; j = j->next)
      for (size_t i = 0; j->active == a && i < j->count; i++)
        if (!j->recipients[i].reported) a->message.states[j->recipients[i].place].under_way = under_way;
}

/* One write for all of them. */
void rounds_return(struct runner *r, struct active *a) {
  struct message *m = &a->message;
  bool noted = true;
  mark_under_way(r, a, true);
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++) {
    if (m->states[i].progress != RECIPIENT_WAITING || m->states[i].under_way) continue;
    struct result result = returned;
    struct logrecord record = note_result(r, a, i, NULL, &result, true);
    if (msglog_cat(&a->unlogged, &record) == -1) noted = false;
  }
  mark_under_way(r, a, false);
  if (!noted || rounds_append(r, a) == -1) report_problem(r, "unable to record a result", &m->id);
}

void rounds_result(struct runner *r, struct job *j, size_t place, struct result result) {
  struct lane *l = j->destination->lane;
  enum window_event event = window_event(&result);
  if (event > j->event) j->event = event;
  lane_note(l, &result, clock_wall_us(r->clock));
  if (j->active->deleted) {
    report_delivery(r, j->delivery + place, &result);
    return;
  }
  /* what it makes of the result, the end of its life perhaps, is to be logged */
  struct logrecord record = note_result(r, j->active, j->recipients[place].place, l, &result, true);
  report_delivery(r, j->delivery + place, &result);
  record_result(r, j->active, &record);
}

/* Forgotten when there is no memory: the next scan may find it. */
static void wait_for(struct runner *r, const struct queueid *id, uint64_t us) {
  struct wait how = {.due_us = boot_us(r) + us, .age_s = AGE_UNKNOWN};
  if (waitlist_put(&r->waitlist, id, &how) == -1) waitlist_drop(&r->waitlist, id);
}

/* What cannot even be moved stays known, so that the next scan passes it over;
 * the alarm comes again every hour. */
static void set_aside(struct runner *r, const struct message *m, const char *reason) {
  errno = 0;
  report_problem(r, reason, &m->id);
  if (store_move_to_bad(&r->store, &m->id, m->place) == 0) {
    waitlist_drop(&r->waitlist, &m->id);
    return;
  }
  report_problem(r, "unable to move a message to bad/", &m->id);
  wait_for(r, &m->id, runner_alarm_interval_us);
}

static void try_again_later(struct runner *r, const struct queueid *id, const char *what) {
  report_problem(r, what, id);
  wait_for(r, id, r->settings.retryfault_s * 1000000u);
}

/* What an earlier runner did not come to is told first, before this round can
 * add to it. */
static int tell_first(struct runner *r, struct message *m) {
  if (m->place == PLACE_TODO && tell_about_parent(r, m->file.envelope.parent, &m->id) == -1) return -1;
  return tell_news(r, m);
}

/* New mail, or a message that a failure put back, knows no better than its log. */
static void set_age(struct runner *r, struct active *a, uint64_t age_s) {
  const struct message *m = &a->message;
  uint64_t logged_s = schedule_age(m->last_age_s, m->last_us, clock_wall_us(r->clock));
  a->age_s = age_s == AGE_UNKNOWN ? logged_s : age_s;
  a->since_us = boot_us(r);
}

static void begin(struct runner *r, struct active *a, const struct due *due) {
  struct message *m = &a->message;
  a->hurried = due->hurried;
  a->fetched = due->lane;
  a->tag = due->tag;
  set_age(r, a, due->age_s);
  a->hurry = due->hurried && a->age_s < AGE_UNKNOWN - 1 ? (uint32_t)a->age_s + 1 : due->hurry;
  a->tag_lane = due->tag_lane;
  link_active(r, a);
  if (tell_first(r, m) == -1) {
    rounds_fail(r, a, "unable to tell of an earlier failure");
    return;
  }
  if (!m->has_log && m->place == PLACE_TODO && !due->tag) report_new(r, m);
  if (m->returned) rounds_return(r, a);
  if (m->returned || m->held) rounds_settle(r, a);
  else jobs_make(r, a);
}

void rounds_fail(struct runner *r, struct active *a, const char *what) {
  struct queueid id = a->message.id;
  if (errno == EBADMSG) set_aside(r, &a->message, "the message does not fit its checksum");
  else try_again_later(r, &id, what);
  rounds_drop(r, a);
}

void rounds_begin(struct runner *r, const struct queueid *id, const struct due *due) {
  const char *reason = "";
  struct active *a = calloc(1, sizeof *a);
  if (!a) {
    try_again_later(r, id, "out of memory");
    return;
  }
  a->body_copy = -1;
  switch (message_load(&a->message, &r->store, id, &reason)) {
    case MESSAGE_OK: begin(r, a, due); return;
    case MESSAGE_GONE: waitlist_drop(&r->waitlist, id); break;
    case MESSAGE_BAD: set_aside(r, &a->message, reason); break;
    case MESSAGE_FAILED: try_again_later(r, id, "unable to read a message"); break;
  }
  free(a);
}

/* ---- the end of a round */

static int finish(struct runner *r, struct active *a) {
  struct message *m = &a->message;
  if (store_remove(&r->store, &m->id, m->place) == -1) return -1;
  waitlist_drop(&r->waitlist, &m->id);
  report_end(r, &m->id);
  rounds_drop(r, a);
  return 0;
}

/* The least age at which something is to be done about a message, even if its
 * lane never fetches it.  Whoever is due and was not refused, as the operator
 * had him left out or wants him to be tried again, is due now; where several
 * lanes refused, those in which it is not parked are asked again as at retries. */
static uint64_t next_event_age(const struct runner *r, const struct active *a, uint64_t age_s) {
  uint64_t next_s = age_s < lifetime_s(r, a) ? lifetime_s(r, a) : age_s + look_again_s;
  uint64_t warning_s = r->settings.delaywarning_s;
  if (warning_s > age_s && warning_s < next_s) next_s = warning_s;
  uint64_t retry_s = schedule_next_age(age_s, r->settings.retryskip_s[CHANNEL_REMOTE]);
  if (a->refused_elsewhere && retry_s < next_s) next_s = retry_s;
  for (size_t i = 0; i < a->message.file.envelope.recipient_count; i++) {
    const struct recipient_state *s = &a->message.states[i];
    if (s->progress != RECIPIENT_WAITING || s->next_age_s >= next_s) continue;
    if (s->next_age_s > age_s) next_s = s->next_age_s;
    else if (!s->refused) return age_s;
  }
  return next_s;
}

/* The order to try now, for those who found no room in its own round: ages are
 * whole seconds, and whoever was tried at this age was so before it. */
static uint32_t hurry_left(const struct active *a) {
  uint32_t hurry = a->hurry;
  if (!a->hurried) return hurry;
  for (size_t i = 0; i < a->message.file.envelope.recipient_count; i++) {
    const struct recipient_state *s = &a->message.states[i];
    bool wants = s->progress == RECIPIENT_WAITING && s->refused;
    if (wants && s->last.age_s + 1 >= hurry && s->last.age_s < AGE_UNKNOWN - 2) hurry = (uint32_t)s->last.age_s + 2;
  }
  return hurry;
}

/* Parked where it was refused; or where it was deferred, when that is because
 * nobody was reached there: then it goes out when somebody is. */
static struct wait how_to_wait(struct runner *r, struct active *a) {
  const struct lane *l = lanes_at(&r->lanes, a->refused_by ? a->refused_by : a->deferred_by);
  struct wait how = {.lane = a->refused_by ? a->refused_by : a->deferred_by};
  how.parked = a->refused_by || (l && l->window.down);
  how.hurry = a->refused_by ? hurry_left(a) : 0;
  how.tag = a->tag;
  /* who was tried goes behind the others, so that one message that breaks every
   * connection is not the probe each time */
  if (how.parked && (!a->tag || a->tag_lane != how.lane || a->deferred_by))
    how.tag = fair_tag(&r->fair, how.lane, waitlist_now(&r->waitlist, how.lane),
                       a->message.file.envelope.sender, a->message.waiting);
  return how;
}

static int let_wait(struct runner *r, struct active *a) {
  struct message *m = &a->message;
  struct wait how = how_to_wait(r, a);
  uint64_t age_s = rounds_age(r, a);
  uint64_t next_s = a->refused_by ? next_event_age(r, a, age_s) : message_next_age(m);
  if (m->held) {
    how = (struct wait){.held = true, .tag = a->tag};
    next_s = age_s; /* it does not grow older */
  }
  if (runner_wait_for_age(r, &m->id, age_s, next_s, &how) == -1) return errno = ENOMEM, -1;
  rounds_drop(r, a);
  return 0;
}

/* Whatever fails here is tried again: the message stays in memory with what is
 * known about it, the runner lives on. */
void rounds_settle(struct runner *r, struct active *a) {
  if (a->deleted) {
    waitlist_drop(&r->waitlist, &a->message.id);
    rounds_drop(r, a);
    return;
  }
  a->settle_us = 0;
  int done = rounds_append(r, a);
  if (done == 0) done = tell_news(r, &a->message);
  if (done == 0) done = message_is_finished(&a->message) ? finish(r, a) : let_wait(r, a);
  if (done == 0) return;
  if (errno == EBADMSG) {
    set_aside(r, &a->message, "the message does not fit its checksum");
    rounds_drop(r, a);
    return;
  }
  report_problem(r, "unable to record the end of a round", &a->message.id);
  a->settle_us = boot_us(r) + r->settings.retryfault_s * 1000000u;
}
