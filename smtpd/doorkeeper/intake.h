/* intake.h - the message: from the injector's start to its verdict */
#ifndef OWL_INTAKE_H
#define OWL_INTAKE_H

#include "smtpd/doorkeeper/doorkeeper.h"
#include "smtpd/doorkeeper/outcome.h"

/* For the requests DATA and COMPLETE. */
struct outcome intake_begin(struct doorkeeper *k, const struct door_request *r);
struct outcome intake_complete(struct doorkeeper *k, const struct door_request *r);

/* intake_drop(): no message comes of what is under way; status is the reason,
 * for the log.  The outcome tells a talker that could not write all of the
 * data why the injector ended; otherwise the talker knows better. */
struct outcome intake_drop(struct doorkeeper *k, struct text status);

#endif
