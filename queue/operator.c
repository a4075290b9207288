#include "config.h"
#include <errno.h>
#include "queue/mend.h"
#include "queue/runner.h"

/* An order is carried out on a message's files, and then on what the runner
 * has of it in memory: a place in the list of those that wait, or a round that
 * is under way. */

/* ---- under way */

/* When the round is over; the destination that it waits for is probed. */
static void look_again(struct runner *r, struct active *a) {
  struct lane *l = lanes_at(&r->lanes, a->refused_by);
  if (a->message.held) return;
  if (l) lane_hurry(&r->lanes, l, clock_boot_us(r->clock));
  for (size_t i = 0; i < a->message.file.envelope.recipient_count; i++) a->message.states[i].refused = false;
}

static enum outcome record_order(struct runner *r, struct active *a, enum order what, uint64_t uid) {
  struct message *m = &a->message;
  struct orderer by = {uid, clock_wall_us(r->clock)};
  struct logrecord event = order_event(what, &by, rounds_age(r, a), m->held);
  if (rounds_append(r, a) == -1) return OUTCOME_FAILED;
  if (msglog_cat(&a->unlogged, &event) == -1) return errno = ENOMEM, OUTCOME_FAILED;
  if (rounds_append(r, a) == -1) {
    stralloc_zero(&a->unlogged); /* what is refused must not come true later */
    return OUTCOME_FAILED;
  }
  message_apply(m, &event);
  look_again(r, a);
  return OUTCOME_DONE;
}

/* What a worker has goes on; the rest is taken back. */
static void stop(struct runner *r, struct active *a) {
  jobs_withdraw(r, a);
  if (a->message.returned && !a->deleted) rounds_return(r, a);
  if (a->jobs_left == 0) rounds_settle(r, a);
}

static enum outcome delete_active(struct runner *r, struct active *a) {
  struct ordered after;
  struct queueid id = a->message.id;
  struct orderer by = {0, 0};
  enum outcome o = order_carry_out(&r->store, &id, ORDER_DELETE, &by, &after);
  if (o == OUTCOME_FAILED) return o;
  a->deleted = true;
  stop(r, a);
  return OUTCOME_DONE;
}

static enum outcome order_active(struct runner *r, struct active *a, enum order what, uint64_t uid) {
  const struct message *m = &a->message;
  if (a->deleted) return OUTCOME_GONE;
  if (what == ORDER_DELETE) return delete_active(r, a);
  enum outcome o = order_needless(what, m->held, m->expired, m->returned);
  if (o == OUTCOME_DONE) o = record_order(r, a, what, uid);
  if (o == OUTCOME_DONE && (what == ORDER_HOLD || what == ORDER_RETURN)) stop(r, a);
  return o;
}

/* ---- waiting */

/* In the list, wherever it was before. */
static int wait_anew(struct runner *r, const struct queueid *id, enum order what, uint64_t age_s) {
  struct wait how = {.held = what == ORDER_HOLD};
  if (how.held && waitlist_hold(&r->waitlist, id, clock_boot_us(r->clock))) return 0;
  if (!how.held) waitlist_release(&r->waitlist, id);
  if (!how.held && runner_hurry(r, id)) return 0;
  return runner_wait_for_age(r, id, age_s, 0, &how);
}

static enum outcome order_waiting(struct runner *r, const struct queueid *id, enum order what,
                                  uint64_t uid) {
  struct ordered after;
  struct orderer by = {uid, clock_wall_us(r->clock)};
  if (what == ORDER_RETRY && runner_hurry(r, id)) return OUTCOME_DONE;
  enum outcome o = order_carry_out(&r->store, id, what, &by, &after);
  int saved = errno;
  /* moved, but not noted in its log: as if nothing had been ordered */
  enum order then = o == OUTCOME_DONE ? what : ORDER_RETRY;
  if (o == OUTCOME_DONE && what == ORDER_DELETE) waitlist_drop(&r->waitlist, id);
  else if ((o == OUTCOME_DONE || after.moved) && wait_anew(r, id, then, after.age_s) == -1)
    report_problem(r, "unable to schedule", id);
  errno = saved;
  return o;
}

/* An earlier sync of the log may have failed, of which the one to come knows
 * nothing. */
static int make_certain(struct runner *r, const struct queueid *id) {
  stralloc log = {0};
  struct log_summary known;
  int result = store_read_log(&r->store, id, &log);
  if (result == 0 && message_summarize_log(text_of_stralloc(&log), &known) == 0)
    result = store_rewrite_log(&r->store, id, (struct text){log.s, known.octets});
  int saved = errno;
  stralloc_free(&log);
  errno = saved;
  return result;
}

static bool is_in_log(enum order what, enum outcome o) {
  return what != ORDER_DELETE && (o == OUTCOME_DONE || o == OUTCOME_ALREADY);
}

static enum outcome carry_out(struct runner *r, const struct queueid *id, enum order what,
                              uint64_t uid) {
  bool in_hand = waitlist_state(&r->waitlist, id, NULL) == WAITING_IN_HAND;
  struct active *a = in_hand ? rounds_find(r, id) : NULL;
  return a ? order_active(r, a, what, uid) : order_waiting(r, id, what, uid);
}

enum outcome operator_order(struct runner *r, const struct queueid *id, enum order what,
                            uint64_t uid) {
  enum outcome o = carry_out(r, id, what, uid);
  if (r->store.doubtful && is_in_log(what, o) && make_certain(r, id) == -1) return OUTCOME_FAILED;
  if (o != OUTCOME_DONE) return o;
  report_order(r, order_name(what), id, uid);
  if (what == ORDER_DELETE) report_end(r, id);
  return o;
}

/* ---- destinations */

static int hold_lane(struct runner *r, struct text name, bool held) {
  struct lane *l = lanes_named(&r->lanes, name, held);
  if (!l) return held ? (errno = ENOMEM, -1) : 0;
  lane_hold(&r->lanes, l, held, clock_boot_us(r->clock));
  if (held) jobs_take_back(r, l);
  return 0;
}

int operator_load_holds(struct runner *r) {
  struct text name;
  if (holds_load(&r->holds, r->store.queue_fd) == -1) return -1;
  for (struct text rest = text_of_stralloc(&r->holds.names); holds_next(&rest, &name);)
    if (hold_lane(r, name, true) == -1) return -1;
  return 0;
}

int operator_hold_destination(struct runner *r, struct text name, bool held, uint64_t uid) {
  if (holds_change(&r->holds, r->store.queue_fd, name, held) == -1 || hold_lane(r, name, held) == -1) return -1;
  report_hold(r, held ? "hold" : "release", name, uid);
  return 0;
}

/* ---- mending */

/* Somebody has put it where the runner looks only when it starts. */
static void adopt(struct runner *r, const struct queueid *id) {
  enum store_place place;
  if (store_find(&r->store, id, &place) == -1) return;
  if (place == PLACE_TODO) runner_found(r, id);
  else runner_found_waiting(r, id);
}

enum outcome operator_mend(struct runner *r, const struct queueid *id, uint64_t uid) {
  bool set_aside;
  if (rounds_find(r, id)) return OUTCOME_BUSY;
  enum outcome o = mend_message(&r->store, id, &set_aside);
  if (o == OUTCOME_DONE) report_order(r, "mend", id, uid);
  if (set_aside) waitlist_drop(&r->waitlist, id);
  else if (o == OUTCOME_DONE || o == OUTCOME_ALREADY) adopt(r, id);
  return o;
}
