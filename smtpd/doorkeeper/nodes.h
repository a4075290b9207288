/* nodes.h - which clients may ask for which domains' mail (ETRN, RFC 1985)
 *
 * Who may relay may ask for any.  A line of etrnclients, "domain:network", lets
 * others ask for a domain, ".domain:network" for all that lie below one.
 */
#ifndef OWL_NODES_H
#define OWL_NODES_H

#include "lib/client.h"
#include "smtpd/doorkeeper/settings.h"

/* nodes_load(): 0, or -1 with c->error set, also where a line is none. */
int nodes_load(struct list *out, struct control *c);

/* nodes_has_client(): whether the client may ask at all; nodes_allow(): for
 * this node (lib/terms.h). */
bool nodes_has_client(const struct settings *s, const struct client *c);
bool nodes_allow(const struct settings *s, const struct client *c, struct text node);

#endif
