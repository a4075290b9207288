/* trust.h - what a client may do for its address */
#ifndef OWL_TRUST_H
#define OWL_TRUST_H

#include "lib/client.h"
#include "smtpd/doorkeeper/settings.h"

/* trust_has(): whether one of these networks has the client. */
bool trust_has(const struct list *networks, const struct client *c);

/* trust_settings(): what holds in a session with this client: s, with the
 * right to relay where relayclients has it, whether it is a proxy, and what it
 * is offered.  Views
 * into s. */
struct settings trust_settings(const struct settings *s, const struct client *c);

#endif
