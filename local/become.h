/* become.h - give up root for a user, for good */
#ifndef OWL_LOCAL_BECOME_H
#define OWL_LOCAL_BECOME_H

#include "local/account.h"

/* become_user(): groups, gid and uid of the account; afterwards root cannot be
 * had again (checked).  Without system_groups the account's gid is its only
 * group.  Without root only an account with
 * the process's own uid can be served.  uid 0 never.  0, or -1 with the
 * deferral in *v: then the process must not go on as it is. */
int become_user(const struct account *a, struct verdict *v);

#endif
