/* node.h - a node asks for the mail that waits for it (RFC 1985)
 *
 * A node is a domain: the mail meant is what waits for the destination that
 * mail to the domain goes to now.  "@domain" is also every destination that is
 * called so or lies below.  Who asks is not the operator: messages and
 * destinations that he holds stay held.
 */
#ifndef OWL_NODE_H
#define OWL_NODE_H

#include "queue/runner.h"

enum { NODE_MAX = 256 };

struct node_mail {
  uint64_t started; /* messages that waited and are due now */
  uint64_t jobs;    /* that were under way, or about to be */
};

/* node_start(): 0, or -1 with errno: EINVAL, the name is none; EBUSY, its mail
 * is held; EAGAIN, too soon: looking for messages costs as much as there are
 * in the queue, so a tenth of the time may go into it; EINPROGRESS, what waits
 * is not wholly known yet; ENOMEM. */
int node_start(struct runner *r, struct text node, uint64_t uid, struct node_mail *mail);

#endif
