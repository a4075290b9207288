/* schedule.h - when a message is tried again, as a pure function of its age
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
#include "lib/text.h"

enum { SCHEDULE_GAP_MAX_S = 86400 };

/* schedule_age(): the age now, from the age at the last record, or at another
 * time of the same clock. */
uint64_t schedule_age(uint64_t last_age_s, uint64_t last_us, uint64_t now_us);

/* schedule_next_age(): qmail's formula: (floor(sqrt(age)) + skip) squared, with
 * a skip of 1 at least, so that no message is due again at once. */
uint64_t schedule_next_age(uint64_t age_s, uint64_t skip_s);

/* A plan is what a line of retryschedule says: the gaps between attempts in
 * seconds, parted by commas, of which the last one is repeated.
 * schedule_plan_checks(): one gap at least, none of 0, all at most a day. */
bool schedule_plan_checks(struct text plan);
uint64_t schedule_planned_age(uint64_t age_s, struct text plan);

/* schedule_jitter(): moves the next age by up to percent of the gap to later;
 * the same for the same seed. */
uint64_t schedule_jitter(uint64_t age_s, uint64_t next_age_s, uint64_t percent, uint32_t seed);

#endif
