/* lookup.h - whom is mail for a local part for?
 *
 * The one answer for deliveries, for questions about recipients and for
 * explanations.  All that knows users is asked here, in its order: the
 * aliases (aliaslookup.h), unless a backslash stands in front, users/cdb
 * (assign.h), the accounts (user.h).
 */
#ifndef OWL_LOCAL_LOOKUP_H
#define OWL_LOCAL_LOOKUP_H

#include "local/account.h"
#include "local/settings.h"

/* lookup_account(): *a must be zeroed or freed before; free it whatever comes
 * back.  0, or -1: *v is the failure when there is nobody, or the deferral.
 * May block for long; the local part is hostile, but holds no NUL. */
int lookup_account(struct account *a, const struct settings *s, struct text local, struct verdict *v);

#endif
