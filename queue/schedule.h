/* schedule.h - when a message is tried, as a pure function of what is known
 *
 * A message's age is not "now minus arrival": it adds up the gaps between the
 * recorded attempts, each capped at a day, so that neither a clock that was
 * set nor a machine that was off makes mail bounce.  Ages are in seconds.
 */
#ifndef OWL_SCHEDULE_H
#define OWL_SCHEDULE_H

#include <stdint.h>
#include "lib/queueid.h"

enum { SCHEDULE_GAP_MAX_S = 86400 };

/* schedule_age(): the age now, from the age at the last record. */
uint64_t schedule_age(uint64_t last_age_s, uint64_t last_us, uint64_t now_us);

/* schedule_next_age(): qmail's formula: (floor(sqrt(age)) + skip) squared. */
uint64_t schedule_next_age(uint64_t age_s, uint64_t skip_s);

/* ---- messages that wait, by due time */

struct waiting {
  uint64_t due_us; /* boot clock; 0 = new mail, before everything else */
  uint64_t arrival_us;
  unsigned char random[10];
};

struct waitlist {
  struct waiting *heap; /* owned */
  size_t count, space;
};

/* waitlist_add(): 0, or -1 without memory. */
int waitlist_add(struct waitlist *w, const struct queueid *id, uint64_t due_us);

/* waitlist_due(): when the first one is due; UINT64_MAX when none waits. */
uint64_t waitlist_due(const struct waitlist *w);

/* waitlist_take(): removes the first one; *hurried says that it is due by
 * waitlist_hurry().  False when none waits. */
bool waitlist_take(struct waitlist *w, struct queueid *id, bool *hurried);

/* waitlist_hurry(): makes all (id NULL) or one due now, behind new mail.  How
 * many. */
size_t waitlist_hurry(struct waitlist *w, const struct queueid *id);

void waitlist_free(struct waitlist *w);

#endif
