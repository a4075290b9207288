/* pace.h - a client that sends a message too slowly
 *
 * Only the time that is spent in waiting for the client counts: neither a slow
 * queue nor a filter is blamed on it.  The time is passed in.
 */
#ifndef OWL_PACE_H
#define OWL_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pace {
  /* set by the owner */
  uint64_t rate;      /* octets a second; 0: any pace will do */
  uint64_t window_us; /* of waiting, at the end of which it must have been kept */

  bool is_measured; /* while a message comes */
  uint64_t waited_us, octets; /* in this window */
};

/* pace_begin(), pace_end(): a message, or a chunk of one, comes.  The window
 * goes on in the next chunk. */
void pace_begin(struct pace *p);
void pace_end(struct pace *p);

/* pace_wait_ms(): how long to wait for the next octets, limit_ms at most. */
int pace_wait_ms(const struct pace *p, int limit_ms);

/* pace_take(): so many octets came after such a wait, 0 for none yet; at the
 * end of a window the rate is wanted times factor.  false: too slow. */
bool pace_take(struct pace *p, uint64_t waited_us, size_t octets, unsigned factor);

#endif
