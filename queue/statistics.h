/* statistics.h - the answer to STATS on the control socket, piece by piece
 *
 * Neither the messages that wait (for the oldest of each destination) nor the
 * destinations are gone through in one turn of the runner: mail goes on in
 * between, however many there are.  Destinations that come or go meanwhile may
 * be missing; each is told once at most.
 */
#ifndef OWL_STATISTICS_H
#define OWL_STATISTICS_H

#include "lib/ctlstats.h"
#include "queue/runner.h"

enum {
  STATISTICS_MESSAGES = 20000, /* looked at in a turn: half a millisecond */
  STATISTICS_OCTETS = 16384    /* of answers in a turn */
};

/* Zeroed at first. */
struct statistics {
  bool busy;
  bool all;            /* destinations; or the one of this name */
  stralloc name;
  uint32_t message;    /* place in the waitlist */
  uint32_t lane;       /* number of the next one */
  uint64_t *oldest_us; /* by number; owned */
  uint32_t lanes;      /* numbers that it is for */
};

/* statistics_begin(): queues TOTALS.  0, or -1 with errno: EPROTO for a
 * malformed request, ENOMEM. */
int statistics_begin(struct statistics *s, struct runner *r, struct text payload, struct frame_writer *w);

/* statistics_go_on(): a turn; busy becomes false with the last destination.
 * 0, or -1 without memory. */
int statistics_go_on(struct statistics *s, struct runner *r, struct frame_writer *w);

void statistics_free(struct statistics *s);

#endif
