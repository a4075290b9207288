/* policy.h - which domains owl-smtpd takes mail for */
#ifndef OWL_POLICY_H
#define OWL_POLICY_H

#include "lib/client.h"
#include "smtpd/doorkeeper/settings.h"

/* Each notes for f, which may be NULL, what it looked for (lib/fact.h). */

/* policy_address(): *out gets the recipient's address as it goes into the
 * queue: with RELAYCLIENT behind it, and localiphost in place of [the address
 * that the client has reached].  0, or -1 without memory. */
int policy_address(const struct settings *s, const struct client *c, struct text recipient,
                   stralloc *out);

/* policy_is_ours(): the domain of that address is in rcpthosts or
 * morercpthosts.cdb.  1, 0, or -1: the cdb cannot be read. */
int policy_is_ours(const struct settings *s, struct text domain, struct facts *f);

/* policy_is_submittable(): RFC 6409 4.2: the address has a domain with a dot in it, or a
 * literal, or one of ours; or no domain at all (RFC 5321 4.5.1).  1, 0, or -1 as above. */
int policy_is_submittable(const struct settings *s, struct text address);

/* policy_may_relay(): RELAYCLIENT is set, or the domain of that address is in
 * rcpthosts or morercpthosts.cdb, or there is no domain.  1, 0, or -1: the cdb
 * cannot be read. */
int policy_may_relay(const struct settings *s, struct text address, struct facts *f);

#endif
