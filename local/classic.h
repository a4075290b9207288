/* classic.h - a program that is called as qmail-local is, in the place of our
 * delivery
 *
 * QMAILLOCAL names it; it is run as the user, for each recipient, with
 * qmail-local's arguments and exit codes (owl-lspawn(8)).
 */
#ifndef OWL_LOCAL_CLASSIC_H
#define OWL_LOCAL_CLASSIC_H

#include "local/item.h"
#include "local/mailbox.h"
#include "local/verdict.h"

/* classic_is_set(): not for mailboxes of aliases, of which such programs know
 * nothing. */
bool classic_is_set(const struct mailbox *box);

/* classic_deliver(): *v is what its end means, in its own words. */
void classic_deliver(const struct mailbox *box, const struct item *item, struct verdict *v);

#endif
