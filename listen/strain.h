/* strain.h - whether the listener's places for sessions run short
 *
 * One page that the listener writes and all of its sessions read.  Under
 * tcpserver there is none: it does not tell how many places are left.
 */
#ifndef OWL_STRAIN_H
#define OWL_STRAIN_H

#include <stdbool.h>
#include <stdint.h>

struct strain {
  volatile uint32_t is_on;
};

/* While it is on, a client is waited for this part of the usual time, and must
 * send its message that much faster. */
enum { STRAIN_WAIT_PART = 4, STRAIN_RATE_FACTOR = 2 };

/* strain_share(): off, and shared with the children that are forked from now
 * on.  NULL with errno. */
struct strain *strain_share(void);

/* strain_protect(): this process only reads it from now on.  0, or -1 with errno. */
int strain_protect(struct strain *s);

/* strain_holds(): s may be NULL. */
bool strain_holds(const struct strain *s);

/* strain_left_ms(): what is left of a wait of limit_ms at most of which waited_us are
 * over, as the strain is now; 0: nothing.  Where limit_ms is below 0 there is no
 * limit, and strain or not it is the answer.
 * strain_slice_ms(): how much of that to wait at once, until the strain is to be
 * looked at again. */
int strain_left_ms(const struct strain *s, int limit_ms, uint64_t waited_us);
int strain_slice_ms(const struct strain *s, int limit_ms, int left_ms);

/* strain_set(): on while more than three quarters of the places are taken. */
void strain_set(struct strain *s, uint64_t taken, uint64_t places);

#endif
