/* explain.h - which hosts a destination's mail would be offered to, and why
 *
 * The walk that the connector does (remote/walk.h), to its end and without a
 * connection.  Name servers are asked; what they say is hostile.
 */
#ifndef OWL_REMOTE_EXPLAIN_H
#define OWL_REMOTE_EXPLAIN_H

#include "lib/fact.h"
#include "remote/connector.h"

void explain_destination(const struct destination *d, const struct connector_settings *s,
                        struct facts *f);

/* explain_identity(): which name and addresses a session for that sender has. */
void explain_identity(const struct identities *identities, struct text sender, struct text destination,
                      struct facts *f);

#endif
