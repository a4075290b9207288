/* admit.h - the pass of who is in, for who opens mailboxes (lib/pass.h) */
#ifndef OWL_AUTH_ADMIT_H
#define OWL_AUTH_ADMIT_H

#include "auth/reply.h"

/* admit(): adds a pass to an answer that says "right" to a mailbox's question.
 * key NULL: nobody has given one, and there are no passes.  Without memory the
 * answer becomes "later". */
void admit(struct reply *r, const uint8_t *key, const struct credential_request *q);

#endif
