/* login.h - whose mailbox is it that somebody has logged in for?
 *
 * With an account that the site's check program attests, that one's.  Otherwise
 * the name is an address, or the local part of one: whoever gets its mail by
 * locals, virtualdomains, users/cdb and the accounts, and by nothing else: an
 * address that is an extension of somebody's, an alias, or nobody's is no log-in.
 */
#ifndef OWL_LOCAL_LOGIN_H
#define OWL_LOCAL_LOGIN_H

#include "lib/pass.h"
#include "lib/route.h"
#include "local/account.h"
#include "local/settings.h"

/* login_find(): *a must be zeroed before; free it whatever comes back.  0, or -1:
 * *v is the failure or the deferral.  uid 0 is refused.  May block for long. */
int login_find(struct account *a, const struct settings *s, const struct route_table *routes, const struct pass *p,
               struct verdict *v);

#endif
