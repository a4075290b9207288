/* chance.h - random numbers that are the same for the same seed */
#ifndef OWL_SIMULATE_CHANCE_H
#define OWL_SIMULATE_CHANCE_H

#include <stdint.h>

struct chance {
  uint64_t state; /* the seed at first */
};

uint64_t chance_next(struct chance *c);

/* chance_between(): both ends are possible. */
uint64_t chance_between(struct chance *c, uint64_t least, uint64_t most);

/* chance_gap_us(): the time to the next of events that come independently of
 * each other (exponential distribution). */
uint64_t chance_gap_us(struct chance *c, uint64_t mean_us);

void chance_octets(struct chance *c, unsigned char octets[10]);

#endif
