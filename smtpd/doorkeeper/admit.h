/* admit.h - may this sender begin, may this recipient be taken? */
#ifndef OWL_ADMIT_H
#define OWL_ADMIT_H

#include "smtpd/doorkeeper/doorkeeper.h"
#include "smtpd/doorkeeper/outcome.h"

/* For the requests MAIL and RCPT; what is granted is added to k->grant. */
struct outcome admit_sender(struct doorkeeper *k, const struct door_request *r);
struct outcome admit_recipient(struct doorkeeper *k, const struct door_request *r);

#endif
