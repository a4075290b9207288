/* ctlwhy.h - how the runner sees one message: the answer to CTL_WHY
 * (owlpost-ctl(7))
 */
#ifndef OWL_CTLWHY_H
#define OWL_CTLWHY_H

#include "lib/record.h"

enum why_state {
  WHY_UNKNOWN = 0, /* the runner does not know it */
  WHY_LOADING = 1, /* ... but has not read all of the queue yet */
  WHY_ACTIVE = 2,  /* deliveries are under way, or stand in line */
  WHY_TIMED = 3,   /* waits for its time */
  WHY_PARKED = 4,  /* due; waits for its destination, or for its time if that is earlier */
  WHY_HELD = 5,
  WHY_STATES
};

/* Why its destination takes nothing at this moment. */
enum why_refusal {
  WHY_TAKES = 0,   /* it does: it is a matter of turns */
  WHY_FULL = 1,    /* as many deliveries as its window */
  WHY_CROWDED = 2, /* all places of the channel are taken */
  WHY_DOWN = 3,    /* backs off: it cannot be reached */
  WHY_RATE = 4,    /* its rate is used up */
  WHY_LANE_HELD = 5,
  WHY_REFUSALS
};

struct ctl_why {
  uint64_t state;          /* enum why_state */
  uint64_t jobs;           /* WHY_ACTIVE: for how many destinations */
  bool never;              /* has no time */
  uint64_t due_s;          /* until its time; 0: now */
  struct text destination; /* that it waits for, as far as known */
  uint64_t refusal;        /* enum why_refusal */
  uint64_t opens_s;        /* until the destination may get a job */
  uint64_t window;         /* deliveries that it gets at one time */
  uint64_t running;        /* and now */
  uint64_t parked;         /* messages parked there */
  struct text error;       /* the last one there */
  uint64_t error_us;       /* wall clock */
};

/* As in lib/agent.h. */
int ctlwhy_put(stralloc *out, const struct ctl_why *w);
int ctlwhy_read(struct ctl_why *w, struct text payload);

#endif
