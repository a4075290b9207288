/* admit.h - may this sender begin, may this recipient be taken? */
#ifndef OWL_ADMIT_H
#define OWL_ADMIT_H

#include "smtpd/doorkeeper/doorkeeper.h"
#include "smtpd/doorkeeper/outcome.h"

/* admit_client(): *e gets views of who the client is. */
void admit_client(struct envelope *e, const struct client *c);

/* For the requests MAIL and RCPT; what is granted is added to k->grant. */
struct outcome admit_sender(struct doorkeeper *k, const struct door_request *r);
struct outcome admit_recipient(struct doorkeeper *k, const struct door_request *r);

#endif
