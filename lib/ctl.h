/* ctl.h - the runner's control socket (owlpost-ctl(7))
 *
 * A client sends requests, one at a time, and gets one OK or ERROR for each.
 */
#ifndef OWL_CTL_H
#define OWL_CTL_H

#include "lib/frame.h"
#include "lib/record.h"

enum ctl_frame {
  CTL_STATUS = 1, /* -> OK with the counts of struct ctl_status */
  CTL_FLUSH = 2,  /* everything that waits is due now */
  CTL_RETRY = 3,  /* MESSAGE is due now */
  CTL_RESCAN = 4, /* look through todo/ now */
  CTL_OK = 10,
  CTL_ERROR = 11  /* TEXT says why */
};

enum { CTL_FRAME_MAX = 65536 };

extern const struct frame_protocol ctl_protocol;

struct ctl_request {
  struct text message; /* queue id */
};

struct ctl_reply {
  uint64_t local_running, local_limit, remote_running, remote_limit;
  uint64_t waiting, active;
  struct text text;
};

/* As in lib/agent.h.  A request's message may still be no queue id. */
int ctl_put_request(stralloc *out, const struct ctl_request *r);
int ctl_put_reply(stralloc *out, const struct ctl_reply *r);
int ctl_read_request(struct ctl_request *r, struct text payload);
int ctl_read_reply(struct ctl_reply *r, struct text payload);

#endif
