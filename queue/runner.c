#include "config.h"
#include "queue/runner.h"
#include <errno.h>
#include <stdlib.h>

const uint64_t runner_alarm_interval_us = 3600u * UINT64_C(1000000);
static const uint64_t forget_interval_us = 10u * UINT64_C(1000000);

enum { READ_AT_ONCE = 64, BELIEVE_AT_ONCE = 1024 };

/* Whatever comes while a step goes on waits for its end.  Messages that are read
 * take longer where each must be told of: a DSN is synced. */
static const uint64_t read_us = 5000, load_step_us = 2000, load_pause_us = 10u * UINT64_C(1000000);

static uint64_t boot_us(const struct runner *r) { return clock_boot_us(r->clock); }
static uint64_t earliest(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* ---- new messages */

void runner_found(struct runner *r, const struct queueid *id) {
  struct wait new = {.age_s = AGE_UNKNOWN};
  if (waitlist_has(&r->waitlist, id) || waitlist_put(&r->waitlist, id, &new) == 0) return;
  errno = ENOMEM;
  report_problem(r, "unable to schedule", id); /* the next scan finds it again */
}

/* An injector may not have synced yet what is seen in todo/: the name can be gone
 * after a crash.  So names are believed when todo/ has been synced since they
 * were seen, not before. */
struct sighting {
  struct runner *runner;
  size_t count;
  struct queueid seen[BELIEVE_AT_ONCE];
};

static int believe(struct sighting *s) {
  if (s->count && store_sync_todo(&s->runner->store) == -1) return -1;
  for (size_t i = 0; i < s->count; i++) runner_found(s->runner, &s->seen[i]);
  s->count = 0;
  return 0;
}

static int found_in_todo(void *context, const struct queueid *id) {
  struct sighting *s = context;
  if (waitlist_has(&s->runner->waitlist, id)) return 0;
  s->seen[s->count++] = *id;
  return s->count < BELIEVE_AT_ONCE ? 0 : believe(s);
}

void runner_scan_todo(struct runner *r) {
  r->scans++;
  r->rescan_us = boot_us(r) + r->settings.rescaninterval_s * 1000000u;
  struct sighting *s = calloc(1, sizeof *s);
  if (s) s->runner = r;
  if (!s || store_scan(&r->store, "todo", found_in_todo, s) == -1 || believe(s) == -1) {
    report_problem(r, "unable to scan todo/ (owlq setup makes and mends the queue's folders)", NULL);
    r->rescan_us = earliest(r->rescan_us, boot_us(r) + r->settings.retryfault_s * 1000000u);
  }
  free(s);
}

/* ---- the backlog */

int runner_wait_for_age(struct runner *r, const struct queueid *id, uint64_t age_s,
                        uint64_t next_age_s, struct wait *how) {
  uint64_t left_s = next_age_s > age_s ? next_age_s - age_s : 0;
  if (left_s > UINT32_MAX) left_s = UINT32_MAX;
  how->due_us = boot_us(r) + left_s * 1000000u;
  how->age_s = age_s + left_s;
  if (waitlist_put(&r->waitlist, id, how) == -1) return -1;
  struct lane *l = how->parked ? lanes_at(&r->lanes, how->lane) : NULL;
  if (l) lane_changed(&r->lanes, l, boot_us(r));
  return 0;
}

/* All: what is down is probed again, too; one: its destination is. */
size_t runner_hurry(struct runner *r, const struct queueid *id) {
  struct waiting how;
  struct lane *l = NULL;
  if (!id) lanes_hurry(&r->lanes, boot_us(r));
  else if (waitlist_state(&r->waitlist, id, &how) != WAITING_UNUSED) l = lanes_at(&r->lanes, how.lane);
  if (l) lane_hurry(&r->lanes, l, boot_us(r));
  return waitlist_hurry(&r->waitlist, id, boot_us(r));
}

/* Its envelope says how old it is. */
static int found_without_log(struct runner *r, const struct queueid *id) {
  struct wait now = {.age_s = AGE_UNKNOWN};
  return waitlist_put(&r->waitlist, id, &now) == 0 ? 0 : (errno = ENOMEM, -1);
}

static int found_waiting(void *context, const struct queueid *id, struct text log) {
  struct runner *r = context;
  struct log_summary s;
  struct wait how = {0};
  if (waitlist_has(&r->waitlist, id)) return 0;
  if (message_summarize_log(log, &s) == -1) return found_without_log(r, id);
  uint64_t age_s = schedule_age(s.last_age_s, s.last_us, clock_wall_us(r->clock));
  const struct lane *l = s.route.len ? lanes_named(&r->lanes, s.route, true) : NULL;
  if (l) how.lane = l->number;
  how.held = s.held && !s.untold;
  uint64_t next_age_s = s.untold || s.held ? 0 : s.next_age_s;
  return runner_wait_for_age(r, id, age_s, next_age_s, &how) == 0 ? 0 : (errno = ENOMEM, -1);
}

void runner_found_waiting(struct runner *r, const struct queueid *id) {
  stralloc log = {0};
  bool read = store_read_log(&r->store, id, &log) == 0;
  if (found_waiting(r, id, read ? text_of_stralloc(&log) : text_of("")) == -1)
    report_problem(r, "unable to schedule", id);
  stralloc_free(&log);
}

void runner_load_backlog(struct runner *r) {
  if (r->exiting || backlog_is_loaded(&r->backlog) || boot_us(r) < r->load_us) return;
  if (backlog_step(&r->backlog, &r->store, r->clock, load_step_us, found_waiting, r) == 0) return;
  report_problem(r, "unable to read what waits (owlq setup makes and mends the queue's folders)", NULL);
  r->load_us = boot_us(r) + load_pause_us;
}

/* ---- what can be done now */

static void carry_out(struct runner *r, struct decision d) {
  switch (d.kind) {
    case DECIDE_NOTHING: break;
    case DECIDE_SEND: workers_send(r, d.worker, d.job); break;
    case DECIDE_START: workers_start(r, d.destination); break;
    case DECIDE_CLOSE: workers_close(r, d.worker); break;
  }
}

static void dispatch_all(struct runner *r) {
  for (;;) {
    for (int channel = 0; channel < 2; channel++)
      r->dispatcher.blocked[channel] =
        r->spawners[channel].writer.passing_count == FRAME_DESCRIPTORS_MAX;
    struct decision d = dispatch_next(&r->dispatcher);
    if (d.kind == DECIDE_NOTHING) return;
    carry_out(r, d);
  }
}

/* Reading never stops: what has no room is parked.  Not all at once, so that
 * who waits for an answer gets it. */
static bool start_due(struct runner *r) {
  struct queueid id;
  struct due due;
  const uint64_t end_us = boot_us(r) + read_us;
  for (unsigned n = 0; n < READ_AT_ONCE && (n == 0 || boot_us(r) < end_us); n++) {
    if (waitlist_due(&r->waitlist) > boot_us(r)) return false;
    if (waitlist_take(&r->waitlist, &id, &due, boot_us(r))) rounds_begin(r, &id, &due);
  }
  return true;
}

static bool fetch_parked(struct runner *r, enum route_channel channel) {
  struct queueid id;
  struct due due;
  uint32_t lane;
  const uint64_t end_us = boot_us(r) + read_us;
  for (unsigned n = 0; n < READ_AT_ONCE && (n == 0 || boot_us(r) < end_us); n++) {
    if ((lane = lanes_fetch(&r->lanes, channel)) == NO_LANE) return false;
    if (waitlist_fetch(&r->waitlist, lane, &id, &due, boot_us(r))) rounds_begin(r, &id, &due);
    if (lanes_at(&r->lanes, lane)) lane_changed(&r->lanes, lanes_at(&r->lanes, lane), boot_us(r));
  }
  return true;
}

static bool read_messages(struct runner *r) {
  bool more = start_due(r);
  for (int channel = 0; channel < 2; channel++)
    if (fetch_parked(r, (enum route_channel)channel)) more = true;
  return more;
}

/* Jobs that failed at once have left room. */
static bool may_read_more(const struct runner *r) {
  return lanes_may_fetch(&r->lanes, CHANNEL_LOCAL) || lanes_may_fetch(&r->lanes, CHANNEL_REMOTE);
}

static void forget_idle(struct runner *r) {
  dispatch_forget_idle(&r->dispatcher);
  if (boot_us(r) < r->forget_us) return;
  r->forget_us = boot_us(r) + forget_interval_us;
  lanes_forget_idle(&r->lanes, boot_us(r));
}

static void settle_again(struct runner *r) {
  for (struct active *a = r->actives, *next; a; a = next) {
    next = a->next;
    if (a->settle_us && boot_us(r) >= a->settle_us) rounds_settle(r, a);
  }
}

static int count_one(void *context, const struct queueid *id) {
  (void)id;
  ++*(uint64_t *)context;
  return 0;
}

/* What did not check is never forgotten: it is named every hour. */
static void raise_alarm(struct runner *r) {
  uint64_t bad = 0;
  r->alarm_us = boot_us(r) + runner_alarm_interval_us;
  if (store_scan(&r->store, "bad", count_one, &bad) == -1 || bad == 0) return;
  log_s(r->log, "alarm: messages in bad/: ");
  log_u(r->log, bad);
  log_end(r->log);
}

static void sync_when_due(struct runner *r) {
  if (!store_is_dirty(&r->store)) {
    r->sync_us = 0;
    return;
  }
  if (r->sync_us == 0) r->sync_us = boot_us(r) + r->settings.syncinterval_s * 1000000u;
  if (boot_us(r) < r->sync_us) return;
  r->sync_us = 0;
  if (store_sync(&r->store) == -1) report_problem(r, "unable to sync the queue", NULL);
}

uint64_t runner_work(struct runner *r) {
  uint64_t next = UINT64_MAX;
  settle_again(r);
  if (!r->exiting) {
    if (boot_us(r) >= r->rescan_us) runner_scan_todo(r);
    if (boot_us(r) >= r->alarm_us) raise_alarm(r);
    (void)lanes_wake(&r->lanes, boot_us(r));
    bool more = read_messages(r);
    dispatch_all(r);
    next = earliest(r->rescan_us, r->alarm_us);
    next = earliest(next, earliest(waitlist_due(&r->waitlist), lanes_wake(&r->lanes, boot_us(r))));
    if (more || may_read_more(r)) next = 0;
    if (!backlog_is_loaded(&r->backlog)) next = earliest(next, r->load_us);
  }
  next = earliest(next, workers_time(r, boot_us(r)));
  forget_idle(r);
  sync_when_due(r);
  if (r->sync_us) next = earliest(next, r->sync_us);
  for (struct active *a = r->actives; a; a = a->next)
    if (a->settle_us) next = earliest(next, a->settle_us);
  return next;
}

/* ---- settings */

int runner_load_settings(struct runner *r) {
  struct settings new;
  if (settings_load(&new, &r->control) == -1) return -1;
  settings_free(&r->settings);
  r->settings = new;
  const struct lane_rules rules = {&r->settings.concurrencydomain, &r->settings.ratelimit,
                                   new.backoff_first_s, new.backoff_max_s};
  r->lanes.waitlist = &r->waitlist;
  r->dispatcher.lanes = &r->lanes;
  lanes_configure(&r->lanes, &rules, new.concurrency, boot_us(r));
  for (int channel = 0; channel < 2; channel++)
    r->dispatcher.limit[channel] = new.concurrency[channel];
  r->lanes.silent_most = new.concurrencysilent;
  return 0;
}

/* ---- the end */

static void free_jobs(const struct destination_line *lines) {
  for (int need = NEED_FIRST; need <= NEED_MORE; need++)
    while (lines[need].first) job_free(dispatch_unqueue(lines[need].first));
}

void runner_free(struct runner *r) {
  for (int channel = 0; channel < 2; channel++) free_jobs(r->dispatcher.lines[channel]);
  while (r->dispatcher.workers) workers_abandon(r, r->dispatcher.workers);
  dispatch_forget_idle(&r->dispatcher);
  while (r->actives) rounds_drop(r, r->actives);
  for (int channel = 0; channel < 2; channel++) frame_writer_free(&r->spawners[channel].writer);
  lanes_free(&r->lanes);
  waitlist_free(&r->waitlist);
  backlog_free(&r->backlog);
  holds_free(&r->holds);
  settings_free(&r->settings);
  control_free(&r->control);
  store_close(&r->store);
}
