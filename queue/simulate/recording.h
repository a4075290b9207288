/* recording.h - a load that was: messages from owl-send's log
 *
 * Of each message the time of its arrival, its sender, and the recipients to
 * whom a delivery was started.  Lines may begin with a time-stamp.  DSNs that
 * the runner made itself are left out: they come of themselves.
 */
#ifndef OWL_SIMULATE_RECORDING_H
#define OWL_SIMULATE_RECORDING_H

#include <stdint.h>
#include "lib/text.h"

struct recorded {
  uint64_t arrival_us; /* wall clock */
  struct text sender;
  uint64_t size;
  size_t first, count; /* of its recipients */
};

struct recorded_recipient {
  uint64_t message; /* its arrival */
  struct text address;
};

struct recording {
  stralloc octets;
  struct recorded *messages; /* owned, as all is; by arrival */
  size_t count, space;
  struct recorded_recipient *recipients; /* those of a message together */
  size_t recipient_count, recipient_space;
  uint64_t *own_pids; /* of the runner, as its DSNs show it */
  size_t own_count, own_space;
  size_t incomplete; /* messages left out: parts are not in the log */
};

/* recording_read(): octets are taken over.  0, or -1 without memory. */
int recording_read(struct recording *r, stralloc *octets);
void recording_free(struct recording *r);

#endif
