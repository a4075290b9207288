/* fair.h - the order in which senders' messages get their turns
 *
 * Start-time fair queueing: each message gets a tag, the virtual time at which
 * its sender's share comes to it; tags of one sender are as far apart as his
 * messages cost, and whoever has nothing waiting begins at the present.  Where
 * messages are taken in the order of their tags each of n senders gets one nth
 * of what there is, however many messages the others have: what a sender
 * without a backlog sends waits at most for one message of each of them.
 * Senders are told apart by a hash; two that share it share their turns.
 */
#ifndef OWL_FAIR_H
#define OWL_FAIR_H

#include <stdint.h>
#include "lib/text.h"

enum { FAIR_SENDERS = 4096, FAIR_COST_MAX = 100 };

struct fair {
  uint64_t now;
  uint64_t next[FAIR_SENDERS];
};

/* fair_tag(): for a message with so many recipients to go; never 0. */
uint64_t fair_tag(struct fair *f, struct text sender, uint64_t recipients);

/* fair_served(): a message with this tag had its turn. */
void fair_served(struct fair *f, uint64_t tag);

#endif
