/* clock.h - time, read through a pointer so that tests can bring their own
 *
 * wall_us is for what people read and what outlives a boot; boot_us counts on
 * while the machine sleeps, never steps, and is what waits and time-outs use.
 * Both are in microseconds.
 */
#ifndef OWL_CLOCK_H
#define OWL_CLOCK_H

#include <stdint.h>
#include "lib/owfat.h"

struct clock {
  uint64_t (*wall_us)(void *context);
  uint64_t (*boot_us)(void *context);
  void *context;
};

extern const struct clock clock_system;

uint64_t clock_wall_us(const struct clock *c);
uint64_t clock_boot_us(const struct clock *c);

/* clock_cat_date(): appends an RFC 5322 date in UTC, "23 Nov 2026 12:30:00
 * -0000" (RFC 5322 3.3: -0000 says nothing of the local zone).  0, or -1
 * without memory. */
int clock_cat_date(stralloc *out, uint64_t wall_us);

#endif
