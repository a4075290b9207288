#include "config.h"
#include "queue/order.h"
#include <errno.h>
#include "queue/schedule.h"

static const char *const names[ORDERS] = {"hold", "release", "retry", "expire", "bounce", "delete"};

const char *order_name(enum order what) { return names[what]; }

enum outcome order_needless(enum order what, bool held, bool expired, bool returned) {
  bool already = false;
  switch (what) {
    case ORDER_HOLD: already = held; break;
    case ORDER_RELEASE: already = !held; break;
    case ORDER_RETRY: return held ? OUTCOME_HELD : OUTCOME_DONE;
    case ORDER_EXPIRE: already = expired && !held; break;
    case ORDER_RETURN: already = returned && !held; break;
    case ORDER_DELETE:
    case ORDERS: break;
  }
  return already ? OUTCOME_ALREADY : OUTCOME_DONE;
}

struct logrecord order_event(enum order what, const struct orderer *by, uint64_t age_s, bool held) {
  static const enum logevent events[ORDERS] = {EVENT_HOLD,   EVENT_RELEASE, EVENT_RETRY,
                                               EVENT_EXPIRE, EVENT_RETURN,  EVENT_NONE};
  return (struct logrecord){.time_us = by->now_us,
                            .age_s = age_s,
                            .event = events[what],
                            .by_uid = by->uid,
                            .held = what == ORDER_HOLD || (what == ORDER_RETRY && held)};
}

static enum outcome failed(int error) { return errno = error, OUTCOME_FAILED; }

/* A crash can have left it in both places; what did not check lies in bad/. */
static enum outcome delete(struct store *s, const struct queueid *id) {
  enum store_place place;
  bool found = false;
  while (store_find(s, id, &place) == 0) {
    if (store_remove(s, id, place) == -1) return OUTCOME_FAILED;
    found = true;
  }
  if (errno != ENOENT) return OUTCOME_FAILED;
  if (found || store_remove_from_bad(s, id) == 0) return OUTCOME_DONE;
  return errno == ENOENT ? OUTCOME_GONE : OUTCOME_FAILED;
}

/* A message without a record of its own has its age from its envelope, and is
 * looked at before anything is done to it. */
static enum outcome look_into(struct store *s, const struct queueid *id, struct log_summary *known) {
  struct message m;
  const char *reason = "";
  switch (message_load(&m, s, id, &reason)) {
    case MESSAGE_OK: break;
    case MESSAGE_GONE: return OUTCOME_GONE;
    case MESSAGE_BAD: return failed(EBADMSG);
    case MESSAGE_FAILED: return OUTCOME_FAILED;
  }
  *known = (struct log_summary){.last_us = m.last_us, .octets = m.log_octets};
  message_free(&m);
  return OUTCOME_DONE;
}

static enum outcome read_state(struct store *s, const struct queueid *id, struct log_summary *known) {
  stralloc log = {0};
  enum outcome o = OUTCOME_DONE;
  if (store_read_log(s, id, &log) == -1) o = OUTCOME_FAILED;
  else if (message_summarize_log(text_of_stralloc(&log), known) == -1) o = look_into(s, id, known);
  int saved = errno;
  stralloc_free(&log);
  errno = saved;
  return o;
}

static int append(struct store *s, const struct queueid *id, const struct logrecord *event,
                  uint64_t keep) {
  stralloc record = {0};
  int r = msglog_cat(&record, event);
  if (r == -1) errno = ENOMEM;
  else r = store_append_log(s, id, text_of_stralloc(&record), keep);
  int saved = errno;
  stralloc_free(&record);
  errno = saved;
  return r;
}

enum outcome order_carry_out(struct store *s, const struct queueid *id, enum order what,
                             const struct orderer *by, struct ordered *after) {
  enum store_place place;
  struct log_summary known;
  *after = (struct ordered){0};
  if (what == ORDER_DELETE) return delete(s, id);
  if (store_find(s, id, &place) == -1) return errno == ENOENT ? OUTCOME_GONE : OUTCOME_FAILED;
  enum outcome o = read_state(s, id, &known);
  if (o != OUTCOME_DONE) return o;
  after->age_s = schedule_age(known.last_age_s, known.last_us, by->now_us);
  o = order_needless(what, known.held, known.expired, known.returned);
  if (o != OUTCOME_DONE) return o;
  if (place == PLACE_TODO) {
    if (store_move_to_wait(s, id) == -1) return OUTCOME_FAILED;
    after->moved = true;
  }
  struct logrecord event = order_event(what, by, after->age_s, known.held);
  return append(s, id, &event, known.octets) == 0 ? OUTCOME_DONE : OUTCOME_FAILED;
}
