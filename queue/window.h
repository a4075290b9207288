/* window.h - how much a destination can take now: a pure function of what came
 * of the jobs that it got, and of the boot clock
 *
 * The window is the number of deliveries at one time.  It begins with
 * WINDOW_FIRST and grows by one with each job that the destination answered,
 * after the first setback only by one for a whole window of them.  A setback
 * (no connection, a connection lost, 421, 4.7.x) halves it.  No connection,
 * or a 421, at a window of 1 means that the destination is down: then it gets
 * one job, the probe, after a back-off that doubles from backoff_first_s to
 * backoff_max_s with up to an eighth of jitter; a probe that came to nothing
 * here is followed by one after the same time.  The first answer ends that.
 */
#ifndef OWL_WINDOW_H
#define OWL_WINDOW_H

#include <stdint.h>
#include "lib/result.h"

enum { WINDOW_FIRST = 5 };

/* What a job, or one of its recipients, says about the destination; the
 * greatest of a job counts. */
enum window_event {
  WINDOW_NOTHING,    /* nobody was asked */
  WINDOW_FAULT,      /* a deferral whose reason is ours */
  WINDOW_UNREACHED,  /* no connection, or it broke */
  WINDOW_TURNED_AWAY,/* 421 */
  WINDOW_SLOWER,     /* 4.7.x: it would rather have less */
  WINDOW_ANSWERED
};

struct window_limits {
  uint64_t most;          /* window at most; 0 = no limit */
  uint64_t backoff_first_s, backoff_max_s;
  uint64_t rate, rate_s;  /* jobs in so many seconds; rate 0 = no limit */
};

struct window {
  unsigned size;          /* now; 0 before the first job: WINDOW_FIRST */
  unsigned answered;      /* since it last grew */
  bool had_setback;
  bool down;
  uint64_t probe_us;      /* boot clock: when the next probe may go, while down */
  uint64_t reached_us;    /* when it was down for the last time; 0: never */
  uint64_t backoff_s;
  uint64_t rate_us;       /* when the rate is used up to */
};

enum window_event window_event(const struct result *r);

/* window_size(): deliveries at one time; 1 while it is down. */
unsigned window_size(const struct window *w, const struct window_limits *l);

/* window_note(): what came of a job.  seed: for the jitter. */
void window_note(struct window *w, const struct window_limits *l, enum window_event e,
                 uint64_t now_us, uint32_t seed);

/* window_opens_us(): when the destination may get its next job as far as
 * back-off and rate are concerned; now or earlier: now. */
uint64_t window_opens_us(const struct window *w, const struct window_limits *l, uint64_t now_us);

/* window_use(): a job goes there: the rate counts. */
void window_use(struct window *w, const struct window_limits *l, uint64_t now_us);

/* window_hurry(): the operator wants it to be tried now. */
void window_hurry(struct window *w);

#endif
