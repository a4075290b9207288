/* schedule.h - when a message is tried, as a pure function of what is known
 *
 * A message's age is not "now minus arrival": it adds up the gaps between the
 * recorded attempts, each capped at a day, so that neither a clock that was
 * set nor a machine that was off makes mail bounce.  While the runner lives the
 * gaps are measured by the boot clock; the wall clock counts only for what was
 * recorded before it started.  Ages are in seconds.
 */
#ifndef OWL_SCHEDULE_H
#define OWL_SCHEDULE_H

#include <stdint.h>
#include "lib/queueid.h"

enum { SCHEDULE_GAP_MAX_S = 86400 };
#define SCHEDULE_AGE_UNKNOWN UINT32_MAX

/* schedule_age(): the age now, from the age at the last record, or at another
 * time of the same clock. */
uint64_t schedule_age(uint64_t last_age_s, uint64_t last_us, uint64_t now_us);

/* schedule_next_age(): qmail's formula: (floor(sqrt(age)) + skip) squared, with
 * a skip of 1 at least, so that no message is due again at once. */
uint64_t schedule_next_age(uint64_t age_s, uint64_t skip_s);

/* ---- messages that wait, by due time */

struct waiting {
  uint64_t due_us; /* boot clock; 0 = new mail, before everything else */
  uint64_t arrival_us;
  unsigned char random[10];
  uint32_t age_s; /* the message's age when it is due, or SCHEDULE_AGE_UNKNOWN */
};

struct waitlist {
  struct waiting *heap; /* owned */
  size_t count, space;
};

/* waitlist_add(): 0, or -1 without memory. */
int waitlist_add(struct waitlist *w, const struct queueid *id, uint64_t due_us, uint64_t age_s);

/* waitlist_due(): when the first one is due; UINT64_MAX when none waits. */
uint64_t waitlist_due(const struct waitlist *w);

struct due {
  bool new;       /* due_us was 0 */
  bool hurried;   /* by waitlist_hurry() */
  uint64_t age_s; /* now, or SCHEDULE_AGE_UNKNOWN */
};

/* waitlist_take(): removes the first one.  False when none waits. */
bool waitlist_take(struct waitlist *w, struct queueid *id, struct due *due, uint64_t now_us);

/* waitlist_hurry(): makes all (id NULL) or one due now, behind new mail.  How
 * many. */
size_t waitlist_hurry(struct waitlist *w, const struct queueid *id, uint64_t now_us);

void waitlist_free(struct waitlist *w);

#endif
