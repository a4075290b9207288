/* ctlstats.h - the runner's numbers, over the control socket (owlpost-ctl(7))
 *
 * STATS is answered by TOTALS, a DESTINATION for each one that the runner
 * knows, and OK with the counts of STATUS.  Destinations are told piece by
 * piece while mail goes on: they are not of one instant.
 */
#ifndef OWL_CTLSTATS_H
#define OWL_CTLSTATS_H

#include "lib/ctl.h"
#include "lib/result.h"
#include "lib/route.h"

enum { CTLSTATS_NAME_MAX = 1024 };

/* All destinations, unless one of these is given. */
struct ctlstats_request {
  struct text name;    /* only the destination of this name */
  struct text address; /* only the one that mail for this address would go to now, */
  struct text sender;  /* from this one; absent: from nobody */
};

/* Counted since the runner's start. */
struct ctlstats_totals {
  uint64_t started_us; /* wall clock */
  uint64_t taken;      /* messages seen for the first time */
  uint64_t finished;   /* messages that left the queue */
  uint64_t bounced;    /* DSNs made about failures */
  /* recipients' results, by channel */
  uint64_t local_delivered, local_deferred, local_failed;
  uint64_t remote_delivered, remote_deferred, remote_failed;
  /* now */
  uint64_t destinations;
  uint64_t local_crowded, remote_crowded; /* messages that wait for room in the channel itself */
};

struct ctlstats_destination {
  struct text name;
  uint64_t channel; /* enum route_channel */
  uint64_t waiting; /* messages; one with several destinations is counted at one of them */
  uint64_t parked;  /* of these: come back as soon as there is room, or an answer */
  uint64_t active;  /* jobs in memory */
  uint64_t workers;
  uint64_t window, window_most; /* deliveries at one time: now, and at most; 0: not limited here */
  bool down, held;
  uint64_t opens_s;   /* no job before so many seconds: back-off or rate */
  uint64_t backoff_s;
  uint64_t rate, rate_s; /* jobs in so many seconds; 0: not limited */
  /* recipients' results, as long as the runner has known the destination */
  uint64_t delivered, deferred, failed;
  struct text last_error;
  uint64_t last_error_us; /* wall clock */
  uint64_t oldest_us;     /* arrival of the oldest message that waits; 0: none */
  uint64_t silent;        /* of the jobs in memory: wait for a word of the next hop */
  uint64_t unreached;     /* of the deferred: no connection, or it broke */
};

/* As in lib/ctl.h. */
int ctlstats_put_request(stralloc *out, const struct ctlstats_request *r);
int ctlstats_put_totals(stralloc *out, const struct ctlstats_totals *t);
int ctlstats_put_destination(stralloc *out, const struct ctlstats_destination *d);
int ctlstats_read_request(struct ctlstats_request *r, struct text payload);
int ctlstats_read_totals(struct ctlstats_totals *t, struct text payload);
int ctlstats_read_destination(struct ctlstats_destination *d, struct text payload);

#endif
