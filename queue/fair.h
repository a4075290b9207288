/* fair.h - the order in which senders' messages get their turns in a lane
 *
 * Start-time fair queueing: each message gets a tag, the virtual time at which
 * its sender's share comes to it; tags of one sender are as far apart as his
 * messages cost, and whoever has nothing waiting begins at the present, which
 * is the tag of the message that the lane fetched last.  Where messages are
 * taken in the order of their tags each of n senders gets one nth of what there
 * is, however many messages the others have: what a sender without a backlog
 * sends waits at most for one message of each of them.
 *
 * What is known of a sender in a lane has a place by a hash of both; two that
 * share it take it from each other, and then begin at the present again.
 */
#ifndef OWL_FAIR_H
#define OWL_FAIR_H

#include <stdint.h>
#include "lib/text.h"

enum { FAIR_FLOWS = 4096, FAIR_COST_MAX = 100 };

struct fair {
  struct {
    uint32_t lane, sender; /* a hash */
    uint64_t next;
  } flows[FAIR_FLOWS];
};

/* fair_tag(): for a message with so many recipients to go, in a lane whose
 * present is now; never 0. */
uint64_t fair_tag(struct fair *f, uint32_t lane, uint64_t now, struct text sender,
                  uint64_t recipients);

#endif
