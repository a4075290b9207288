/* limits.h - how much one session may ask for */
#ifndef OWL_DOORKEEPER_LIMITS_H
#define OWL_DOORKEEPER_LIMITS_H

#include "smtpd/doorkeeper/doorkeeper.h"
#include "smtpd/doorkeeper/outcome.h"

/* limits_count(): for each request, of a type in enum door_frame.  true: it may
 * be served; false: *o is the answer, which ends the session, or malformed when
 * the talker goes on after that. */
bool limits_count(struct doorkeeper *k, unsigned type, struct outcome *o);

#endif
