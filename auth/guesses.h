/* guesses.h - how often somebody has been wrong
 *
 * Failures are counted under names that strangers choose, in a table of fixed
 * size: a name's place follows from a secret key, so that nobody can aim at
 * another's, and of four names that share a place the one with the least count
 * goes when a fifth comes.  Half of a count is forgotten in each half-life;
 * successes last longer.
 */
#ifndef OWL_AUTH_GUESSES_H
#define OWL_AUTH_GUESSES_H

#include <stdint.h>
#include "lib/text.h"

enum { GUESSES_PLACES = 4096, GUESSES_WAYS = 4, GUESSES_KEY_OCTETS = 32, GUESSES_NAME_OCTETS = 16 };

/* What is counted under a name of which kind. */
enum guesses_kind {
  GUESSES_ADDRESS = 'a',
  GUESSES_USER = 'u',
  GUESSES_PAIR = 'p', /* failures of this user at this address */
  GUESSES_GOOD = 'g'  /* successes of this user at this address */
};

struct guess {
  unsigned char name[GUESSES_NAME_OCTETS];
  uint32_t count; /* in 1/256 */
  bool slow;      /* a success: remembered 144 times as long */
  uint64_t at_us; /* when count was right; 0: free */
};

struct guesses {
  unsigned char key[GUESSES_KEY_OCTETS];
  uint64_t half_life_us;
  struct guess table[GUESSES_PLACES][GUESSES_WAYS];
};

/* guesses_new(): NULL with errno. */
struct guesses *guesses_new(uint64_t half_life_us);

/* user may be empty, address absent; case of a user does not count.  Times are of the boot clock. */
struct guesses_name {
  enum guesses_kind kind;
  struct text address, user;
};

/* guesses_count(): rounded to the nearest. */
uint32_t guesses_count(const struct guesses *g, struct guesses_name n, uint64_t now_us);
void guesses_add(struct guesses *g, struct guesses_name n, uint64_t now_us);
/* guesses_forgive(): takes one away, where there is one. */
void guesses_forgive(struct guesses *g, struct guesses_name n, uint64_t now_us);

#endif
