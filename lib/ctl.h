/* ctl.h - the runner's control socket (owlpost-ctl(7))
 *
 * A client sends requests and gets one OK or ERROR for each, in their order;
 * it need not wait for one before it sends the next.
 */
#ifndef OWL_CTL_H
#define OWL_CTL_H

#include "lib/frame.h"
#include "lib/queueid.h"
#include "lib/record.h"

enum ctl_frame {
  CTL_STATUS = 1,  /* -> OK with the counts */
  CTL_FLUSH = 2,   /* everything that waits is due now */
  CTL_RETRY = 3,   /* orders for the messages of MESSAGES -> OK with OUTCOMES */
  CTL_RESCAN = 4,  /* look through todo/ now */
  CTL_HOLD = 5,    /* orders, too: */
  CTL_RELEASE = 6,
  CTL_EXPIRE = 7,
  CTL_RETURN = 8,
  CTL_DELETE = 9,
  CTL_OK = 10,
  CTL_ERROR = 11,  /* TEXT says why */
  CTL_MEND = 12,   /* for MESSAGES, too: what is wrong with their files is mended */
  CTL_HOLD_DESTINATION = 13,    /* DESTINATION is held from now on */
  CTL_RELEASE_DESTINATION = 14, /* ... no longer */
  CTL_SYNC = 15,   /* OK comes when all that was done is on stable storage */
  CTL_START = 16,  /* DESTINATION, a node: what waits for it is due now -> WAITING, ACTIVE of it */
  CTL_STATS = 20,  /* -> TOTALS, any number of DESTINATION, OK: lib/ctlstats.h */
  CTL_TOTALS = 21,
  CTL_DESTINATION = 22,
  CTL_WHY = 30     /* of one message -> OK with struct ctl_why (lib/ctlwhy.h) */
};

enum { CTL_FRAME_MAX = 65536, CTL_MESSAGES_MAX = 1000, CTL_DESTINATION_MAX = 300 };

extern const struct frame_protocol ctl_protocol;

struct ctl_request {
  struct text messages; /* queue ids, QUEUEID_LENGTH octets each */
  struct text destination; /* as the runner calls it: "example.org", "local/bob"; START: a domain
                            * or "@domain" (queue/node.h) */
};

struct ctl_reply {
  uint64_t local_running, local_limit, remote_running, remote_limit;
  uint64_t waiting, active, held;
  uint64_t remote_silent; /* that take no place: not among remote_running */
  struct text outcomes; /* a letter for each message, in their order */
  struct text text;
};

/* As in lib/agent.h.  What a request names may still be no queue ids. */
int ctl_put_request(stralloc *out, const struct ctl_request *r);
int ctl_put_reply(stralloc *out, const struct ctl_reply *r);
int ctl_read_request(struct ctl_request *r, struct text payload);
int ctl_read_reply(struct ctl_reply *r, struct text payload);

/* ctl_message(): the n-th id of a request, from 0.  False: there is none, or it
 * is no id. */
bool ctl_message(const struct ctl_request *r, size_t n, struct queueid *id);

#endif
