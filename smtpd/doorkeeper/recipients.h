/* recipients.h - may this recipient be taken from this client? */
#ifndef OWL_RECIPIENTS_H
#define OWL_RECIPIENTS_H

#include "smtpd/doorkeeper/doorkeeper.h"
#include "smtpd/doorkeeper/outcome.h"

/* recipients_check(): recipient as in RCPT.  When it is granted, k->address is
 * what goes into the queue. */
struct outcome recipients_check(struct doorkeeper *k, struct text recipient);

#endif
