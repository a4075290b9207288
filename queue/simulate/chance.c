#include "config.h"
#include "queue/simulate/chance.h"

/* SplitMix64 */
uint64_t chance_next(struct chance *c) {
  uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

uint64_t chance_between(struct chance *c, uint64_t least, uint64_t most) {
  return most > least ? least + chance_next(c) % (most - least + 1) : least;
}

/* Von Neumann's way to draw from e^-x with comparisons alone, so that the
 * result is the same with every mathematics library. */
static double exponential(struct chance *c) {
  for (double whole = 0;; whole += 1) {
    uint64_t first = chance_next(c), last = first, next;
    unsigned falling = 1;
    while ((next = chance_next(c)) <= last) last = next, falling++;
    if (falling % 2) return whole + (double)first / 18446744073709551616.0;
  }
}

uint64_t chance_gap_us(struct chance *c, uint64_t mean_us) {
  return (uint64_t)(exponential(c) * (double)mean_us);
}

void chance_octets(struct chance *c, unsigned char octets[10]) {
  uint64_t a = chance_next(c), b = chance_next(c);
  for (int i = 0; i < 10; i++) {
    octets[i] = (unsigned char)(i < 8 ? a >> 8 * i : b >> 8 * (i - 8));
  }
}
