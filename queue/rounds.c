#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "queue/runner.h"

/* A round: a message is due, becomes active, its recipients' jobs are done, and
 * what came of them is settled. */

static const uint64_t retry_settling_us = 10u * UINT64_C(1000000);

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
  stralloc_free(&a->unlogged);
  stralloc_free(&a->content);
  message_free(&a->message);
  free(a);
}

/* ---- results */

static uint64_t age_now(const struct runner *r, const struct active *a) {
  return schedule_age(a->age_s, a->since_us, boot_us(r));
}

static bool is_expired(const struct runner *r, uint64_t age_s) {
  return age_s >= r->settings.queuelifetime_s;
}

/* RFC 3463 3.5: 5.4.7, delivery time expired.  The remote's words stay. */
static void expire(struct result *result) {
  result->class = RESULT_FAILURE;
  result->status = text_of("5.4.7");
}

/* What a result means for a recipient, in the log's form. */
static struct logrecord note_result(struct runner *r, struct active *a, size_t recipient,
                                    enum route_channel channel, struct result *result) {
  uint64_t age_s = age_now(r, a);
  if (result->class == RESULT_DEFERRAL && is_expired(r, age_s)) expire(result);
  struct logrecord record = {
    .time_us = clock_wall_us(r->clock), .age_s = age_s, .recipient = recipient, .result = *result};
  if (result->class == RESULT_DEFERRAL)
    record.next_age_s = schedule_next_age(age_s, r->settings.retryskip_s[channel]);
  message_apply(&a->message, &record);
  return record;
}

static bool ends_well(const struct active *a, const struct logrecord *record) {
  if (record->result.class != RESULT_SUCCESS || !message_is_finished(&a->message)) return false;
  for (size_t i = 0; i < a->message.file.envelope.recipient_count; i++)
    if (a->message.states[i].progress == RECIPIENT_FAILED && !a->message.states[i].told) return false;
  return true;
}

/* The first result that does not finish the message takes it out of the
 * injectors' reach and begins its log. */
static int append_records(struct runner *r, struct active *a) {
  struct message *m = &a->message;
  if (a->unlogged.len == 0) return 0;
  if (m->place == PLACE_TODO) {
    if (store_move_to_wait(&r->store, &m->id) == -1) return -1;
    m->place = PLACE_WAIT;
    idset_remove(&r->known, &m->id);
    if (!backlog_is_loaded(&r->backlog)) (void)idset_add(&r->early, &m->id);
  }
  if (message_append(m, &r->store, text_of_stralloc(&a->unlogged)) == -1) return -1;
  stralloc_zero(&a->unlogged);
  return 0;
}

static void record_result(struct runner *r, struct active *a, const struct logrecord *record) {
  if (ends_well(a, record)) return;
  if (msglog_cat(&a->unlogged, record) == -1 || append_records(r, a) == -1)
    report_problem(r, "unable to record a result", &a->message.id);
}

void rounds_result(struct runner *r, struct job *j, size_t place, struct result result) {
  struct logrecord record = note_result(r, j->active, j->recipients[place].place,
                                        j->destination->channel, &result);
  report_delivery(r, j->delivery + place, &result);
  record_result(r, j->active, &record);
}

/* No route, or no memory for one: as if an attempt had been deferred. */
static void defer_unrouted(struct runner *r, struct active *a, size_t recipient) {
  struct result result = {.class = RESULT_DEFERRAL,
                          .status = text_of("4.3.5"),
                          .text = text_of("unable to find a route for this address")};
  report_problem(r, "unable to route a recipient", &a->message.id);
  struct logrecord record = note_result(r, a, recipient, CHANNEL_REMOTE, &result);
  record_result(r, a, &record);
}

/* ---- from recipients to jobs */

static int begin_job(struct active *a, struct destination *to, size_t place,
                     const stralloc *address) {
  struct job *j = calloc(1, sizeof *j);
  if (!j) return -1;
  if (job_add(j, place, address) == -1) return job_free(j), -1;
  j->active = a;
  a->jobs_left++;
  to->filling = j;
  dispatch_queue(to, j);
  return 0;
}

static size_t job_limit(const struct runner *r, const struct destination *to) {
  uint64_t limit = to->channel == CHANNEL_LOCAL ? 1 : r->settings.recipientlimit;
  return limit < 1 ? 1 : limit < AGENT_RECIPIENTS_MAX ? (size_t)limit : AGENT_RECIPIENTS_MAX;
}

/* An earlier message's job may stand in filling, but never of this one. */
static int assign(struct runner *r, struct active *a, size_t place, const struct route *route) {
  struct destination *to = dispatch_destination(&r->dispatcher, route);
  if (!to) return -1;
  struct job *j = to->queued ? to->filling : NULL;
  if (!j || j->active != a || j->count >= job_limit(r, to))
    return begin_job(a, to, place, &route->address);
  return job_add(j, place, &route->address);
}

static bool is_due(const struct recipient_state *s, uint64_t age_s) {
  return s->progress == RECIPIENT_WAITING && s->next_age_s <= age_s;
}

static void make_jobs(struct runner *r, struct active *a, bool hurried) {
  struct message *m = &a->message;
  struct route route = {0};
  uint64_t age_s = age_now(r, a);
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++) {
    if (!is_due(&m->states[i], hurried ? UINT64_MAX : age_s)) continue;
    if (route_find(&r->settings.routes, m->file.envelope.recipients[i].address, &route) == -1 ||
        assign(r, a, i, &route) == -1)
      defer_unrouted(r, a, i);
  }
  route_free(&route);
}

/* What cannot even be moved stays known, so that the next scan passes it over;
 * the alarm comes again every hour. */
static void set_aside(struct runner *r, const struct message *m, const char *reason) {
  errno = 0;
  report_problem(r, reason, &m->id);
  if (store_move_to_bad(&r->store, &m->id, m->place) == 0) {
    idset_remove(&r->known, &m->id);
    return;
  }
  report_problem(r, "unable to move a message to bad/", &m->id);
  (void)waitlist_add(&r->waitlist, &m->id, boot_us(r) + runner_alarm_interval_us, SCHEDULE_AGE_UNKNOWN);
}

static void try_again_later(struct runner *r, const struct queueid *id, const char *what) {
  report_problem(r, what, id);
  if (waitlist_add(&r->waitlist, id, boot_us(r) + retry_settling_us, SCHEDULE_AGE_UNKNOWN) == -1)
    idset_remove(&r->known, id);
}

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

static void begin(struct runner *r, struct active *a, bool hurried) {
  struct message *m = &a->message;
  if (!m->has_log && m->place == PLACE_TODO) report_new(r, m);
  make_jobs(r, a, hurried);
  if (a->jobs_left == 0) rounds_settle(r, a);
}

/* What an earlier runner did not come to is told first, before this round can
 * add to it. */
static int tell_first(struct runner *r, struct message *m) {
  if (m->place == PLACE_TODO && tell_about_parent(r, m->file.envelope.parent) == -1) return -1;
  return tell_failures(r, m);
}

/* 0: all is there, *a is linked and has its body */
static int prepare(struct runner *r, struct active *a) {
  struct queueid id = a->message.id;
  link_active(r, a);
  if (tell_first(r, &a->message) == 0 && prepare_body(r, a) == 0) return 0;
  if (errno == EBADMSG) set_aside(r, &a->message, "the message does not fit its checksum");
  else try_again_later(r, &id, "unable to prepare a message");
  rounds_drop(r, a);
  return -1;
}

/* A poke that came late names a message that has its turn by now. */
static bool is_stale(struct runner *r, const struct message *m, bool new) {
  return new && m->place == PLACE_WAIT && idset_remove(&r->known, &m->id);
}

/* New mail, or a message that a failure put back, knows no better than its log. */
static void set_age(struct runner *r, struct active *a, uint64_t age_s) {
  const struct message *m = &a->message;
  uint64_t logged_s = schedule_age(m->last_age_s, m->last_us, clock_wall_us(r->clock));
  a->age_s = age_s == SCHEDULE_AGE_UNKNOWN ? logged_s : age_s;
  a->since_us = boot_us(r);
}

void rounds_begin(struct runner *r, const struct queueid *id, const struct due *due) {
  const char *reason = "";
  if (rounds_find(r, id)) return; /* never two deliveries of one message at a time */
  struct active *a = calloc(1, sizeof *a);
  if (!a) {
    try_again_later(r, id, "out of memory");
    return;
  }
  a->body_copy = -1;
  switch (message_load(&a->message, &r->store, id, &reason)) {
    case MESSAGE_OK:
      if (is_stale(r, &a->message, due->new)) {
        message_free(&a->message);
        break;
      }
      set_age(r, a, due->age_s);
      if (prepare(r, a) == 0) begin(r, a, due->hurried);
      return;
    case MESSAGE_GONE: idset_remove(&r->known, id); break;
    case MESSAGE_BAD: set_aside(r, &a->message, reason); break;
    case MESSAGE_FAILED: try_again_later(r, id, "unable to read a message"); break;
  }
  free(a);
}

/* ---- the end of a round */

static int finish(struct runner *r, struct active *a) {
  struct message *m = &a->message;
  if (store_remove(&r->store, &m->id, m->place) == -1) return -1;
  idset_remove(&r->known, &m->id);
  idset_remove(&r->early, &m->id);
  report_end(r, &m->id);
  rounds_drop(r, a);
  return 0;
}

static int let_wait(struct runner *r, struct active *a) {
  struct message *m = &a->message;
  if (runner_wait_for_age(r, &m->id, age_now(r, a), message_next_age(m)) == -1) return errno = ENOMEM, -1;
  rounds_drop(r, a);
  return 0;
}

/* Whatever fails here is tried again: the message stays in memory with what is
 * known about it, the runner lives on. */
void rounds_settle(struct runner *r, struct active *a) {
  a->settle_us = 0;
  int done = append_records(r, a);
  if (done == 0) done = tell_failures(r, &a->message);
  if (done == 0) done = message_is_finished(&a->message) ? finish(r, a) : let_wait(r, a);
  if (done == 0) return;
  if (errno == EBADMSG) {
    set_aside(r, &a->message, "the message does not fit its checksum");
    rounds_drop(r, a);
    return;
  }
  report_problem(r, "unable to record the end of a round", &a->message.id);
  a->settle_us = boot_us(r) + retry_settling_us;
}

void rounds_job_over(struct runner *r, struct job *j) {
  struct active *a = j->active;
  report_status(r);
  if (j->destination->filling == j) j->destination->filling = NULL;
  job_free(j);
  if (--a->jobs_left == 0) rounds_settle(r, a);
}
