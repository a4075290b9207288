/* explain.h - what would be done with mail for a mailbox, and why (lib/fact.h)
 *
 * As the user and in his home.  Nothing is written: whether a Maildir's disk
 * has room, or a forwarded message finds the queue open, shows only when mail
 * comes.
 */
#ifndef OWL_LOCAL_EXPLAIN_H
#define OWL_LOCAL_EXPLAIN_H

#include "local/mailbox.h"
#include "local/verdict.h"

/* explain_mailbox(): notes what v->facts asks for; *v is what would come of
 * the mail. */
void explain_mailbox(const struct mailbox *box, struct verdict *v);

#endif
