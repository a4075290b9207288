/* policy.h - whom owl-smtpd takes mail from, and for whom */
#ifndef OWL_POLICY_H
#define OWL_POLICY_H

#include "smtpd/doorkeeper/client.h"
#include "smtpd/doorkeeper/settings.h"

/* Each notes for f, which may be NULL, what it looked for (lib/fact.h). */

/* badmailfrom has the address, or @ and its domain. */
bool policy_refuses_sender(const struct settings *s, struct text sender, struct facts *f);

/* policy_address(): *out gets the recipient's address as it goes into the
 * queue: with RELAYCLIENT behind it, and localiphost in place of [the address
 * that the client has reached].  0, or -1 without memory. */
int policy_address(const struct settings *s, const struct client *c, struct text recipient,
                   stralloc *out);

/* policy_may_relay(): RELAYCLIENT is set, or the domain of that address is in
 * rcpthosts, or there is no domain. */
bool policy_may_relay(const struct settings *s, struct text address, struct facts *f);

#endif
