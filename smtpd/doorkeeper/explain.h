/* explain.h - would this address be taken, and why: for owlq explain
 *
 * A doorkeeper is asked by the requests that a talker would make, so the answer
 * is the one that a client would get.
 */
#ifndef OWL_SMTPD_EXPLAIN_H
#define OWL_SMTPD_EXPLAIN_H

#include "lib/fact.h"
#include "lib/client.h"
#include "smtpd/doorkeeper/settings.h"

/* explain_recipient(): recipient and sender as they stand between < and > in
 * RCPT and MAIL.  The last fact is the reply.  0, or -1 with errno. */
int explain_recipient(const struct settings *s, const struct client *c, struct text sender,
                      struct text recipient, struct facts *f);

#endif
