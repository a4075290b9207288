/* etrn.h - a client asks for the mail that waits for a node (RFC 1985)
 *
 * Where it may (nodes.h), the runner is asked on RUNDIR/etrn/socket to try it
 * now (owlpost-ctl(7)), on a connection that is made for that.
 */
#ifndef OWL_ETRN_H
#define OWL_ETRN_H

#include "smtpd/doorkeeper/doorkeeper.h"
#include "smtpd/doorkeeper/outcome.h"

/* For the request ETRN. */
struct outcome etrn_start(struct doorkeeper *k, const struct door_request *r);

#endif
