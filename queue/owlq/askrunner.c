#include "config.h"
#include "queue/owlq/askrunner.h"
#include <errno.h>
#include "lib/clock.h"
#include "queue/owlq/screen.h"

enum { ANSWER_MS = 10 * 1000 };

static enum asked receive(struct runnerview *v) {
  struct frame f;
  if (frame_receive(&v->link.reader, v->link.sock, &f, ANSWER_MS) != FRAME_READY) return ASKED_FAILED;
  if (f.type != CTL_OK || ctlwhy_read(&v->why, f.payload) == -1) return ASKED_FAILED;
  return ASKED_ANSWERED;
}

void askrunner(struct runnerview *v, struct control *c, const struct queueid *id) {
  *v = (struct runnerview){.asked = ASKED_FAILED};
  if (link_open(&v->link, c) == -1)
    v->asked = errno == EACCES || errno == EPERM ? ASKED_DENIED : ASKED_DOWN;
  else if (link_send(&v->link, CTL_WHY, &(struct ctl_request){.messages = text_of(id->s)}) == 0)
    v->asked = receive(v);
}

void askrunner_close(struct runnerview *v) { link_close(&v->link); }

/* ---- sentences */

static int cat_in(stralloc *out, const char *words, uint64_t seconds) {
  return stralloc_cats(out, words) && screen_cat_age(out, seconds) == 0 ? 0 : -1;
}

static int cat_number(stralloc *out, const char *before, uint64_t n, const char *behind) {
  return stralloc_cats(out, before) && text_cat_uint(out, n) == 0 && stralloc_cats(out, behind) ? 0 : -1;
}

static int cat_name(stralloc *out, const char *before, const struct ctl_why *w, const char *behind) {
  struct text name = w->destination.len ? w->destination : text_of("its destination");
  return stralloc_cats(out, before) && screen_cat_cleaned(out, name) == 0 && stralloc_cats(out, behind) ? 0 : -1;
}

static int cat_refusal(stralloc *out, const struct ctl_why *w) {
  switch ((enum why_refusal)w->refusal) {
    case WHY_TAKES:
      return cat_name(out, "", w, " takes mail: it is a matter of turns") == 0
               ? cat_number(out, ", of ", w->parked, " that wait for theirs")
               : -1;
    case WHY_FULL:
      if (cat_name(out, "", w, " gets ") == -1) return -1;
      return cat_number(out, "", w->window, " deliveries at one time, and has them");
    case WHY_CROWDED: return stralloc_cats(out, "all places for deliveries are taken") ? 0 : -1;
    case WHY_DOWN:
      if (cat_name(out, "", w, " cannot be reached") == -1) return -1;
      return w->opens_s ? cat_in(out, ": the next probe goes in ", w->opens_s)
                        : stralloc_cats(out, ": it is being probed") ? 0 : -1;
    case WHY_RATE: return cat_name(out, "the rate of ", w, " is used up") == 0 ? cat_in(out, ": more in ", w->opens_s) : -1;
    case WHY_LANE_HELD: return cat_name(out, "mail for ", w, " is held by the operator");
    case WHY_REFUSALS: break;
  }
  return 0;
}

static int cat_error(stralloc *out, const struct ctl_why *w) {
  if (!w->error.len) return 0;
  if (!stralloc_cats(out, "\nlast error there, ") || clock_cat_date(out, w->error_us) == -1 ||
      !stralloc_cats(out, ": "))
    return -1;
  return screen_cat_cleaned(out, w->error);
}

static int cat_due(stralloc *out, const struct ctl_why *w, const char *before) {
  if (w->never) return 0;
  return w->due_s ? cat_in(out, before, w->due_s) : 0;
}

static int cat_destination(stralloc *out, const struct ctl_why *w) {
  if (!stralloc_cats(out, "; ") || cat_refusal(out, w) == -1) return -1;
  return cat_error(out, w);
}

static int cat_answer(stralloc *out, const struct ctl_why *w) {
  switch ((enum why_state)w->state) {
    case WHY_UNKNOWN: return stralloc_cats(out, "has not seen it yet") ? 0 : -1;
    case WHY_LOADING: return stralloc_cats(out, "is still reading the queue and has not come to it") ? 0 : -1;
    case WHY_ACTIVE:
      return cat_number(out, "deliveries are under way, or stand in line: ", w->jobs, w->jobs == 1 ? " job" : " jobs");
    case WHY_HELD: return stralloc_cats(out, "holds it until it is released") ? 0 : -1;
    case WHY_TIMED:
      if (!stralloc_cats(out, w->due_s ? "waits for its time" : "it is due") || cat_due(out, w, ", in ") == -1) return -1;
      return w->refusal == WHY_TAKES ? 0 : cat_destination(out, w);
    case WHY_PARKED:
      if (!stralloc_cats(out, "waits for room at its destination") || cat_due(out, w, ", or for its time, in ") == -1)
        return -1;
      return cat_destination(out, w);
    case WHY_STATES: break;
  }
  return 0;
}

int askrunner_cat(stralloc *out, const struct runnerview *v) {
  const char *words = "";
  switch (v->asked) {
    case ASKED_ANSWERED: return cat_answer(out, &v->why);
    case ASKED_DOWN: words = "does not run: nothing is tried until owl-start is started"; break;
    case ASKED_DENIED: words = "may be asked by root and the queue's owner only"; break;
    case ASKED_FAILED: words = "gives no answer that makes sense"; break;
  }
  return stralloc_cats(out, words) ? 0 : -1;
}

/* ---- JSON */

static const char *state_word(const struct runnerview *v) {
  static const char *const states[WHY_STATES] = {[WHY_UNKNOWN] = "unknown", [WHY_LOADING] = "loading",
                                                 [WHY_ACTIVE] = "active",   [WHY_TIMED] = "timed",
                                                 [WHY_PARKED] = "parked",   [WHY_HELD] = "held"};
  static const char *const failures[] = {[ASKED_DOWN] = "down", [ASKED_DENIED] = "denied", [ASKED_FAILED] = "failed"};
  return v->asked == ASKED_ANSWERED ? states[v->why.state] : failures[v->asked];
}

static const char *refusal_word(uint64_t refusal) {
  static const char *const words[WHY_REFUSALS] = {[WHY_FULL] = "full", [WHY_CROWDED] = "crowded",
                                                  [WHY_DOWN] = "down", [WHY_RATE] = "rate",
                                                  [WHY_LANE_HELD] = "held"};
  return words[refusal];
}

static void describe_destination(struct jsonline *j, const struct ctl_why *w) {
  if (w->destination.len) jsonline_text(j, "destination", w->destination);
  jsonline_string(j, "refusal", refusal_word(w->refusal));
  if (!w->destination.len) return;
  jsonline_number(j, "opens_s", w->opens_s);
  jsonline_number(j, "window", w->window);
  jsonline_number(j, "running", w->running);
  jsonline_number(j, "parked", w->parked);
  if (!w->error.len) return;
  jsonline_text(j, "error", w->error);
  jsonline_time(j, "error_at", w->error_us);
}

void askrunner_describe(struct jsonline *j, const struct runnerview *v) {
  struct jsonline child;
  const struct ctl_why *w = &v->why;
  jsonline_begin(&child);
  jsonline_string(&child, "state", state_word(v));
  if (v->asked == ASKED_ANSWERED) {
    if (w->state == WHY_ACTIVE) jsonline_number(&child, "jobs", w->jobs);
    if ((w->state == WHY_TIMED || w->state == WHY_PARKED) && !w->never) jsonline_number(&child, "due_s", w->due_s);
    describe_destination(&child, w);
  }
  jsonline_nest(j, "runner", &child);
}
