/* explain.h - which hosts a destination's mail would be offered to, and why
 *
 * The walk that the connector does (remote/walk.h), to its end and without a
 * connection.  Name servers are asked; what they say is hostile.
 */
#ifndef OWL_REMOTE_EXPLAIN_H
#define OWL_REMOTE_EXPLAIN_H

#include "lib/fact.h"
#include "remote/connector.h"

/* explain_destination(): 0, or -1 when the name servers cannot be asked. */
int explain_destination(const struct destination *d, const struct connector_settings *s,
                        struct facts *f);

#endif
