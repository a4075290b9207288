/* attempts.h - how many senders may be connecting to one address, and to one network
 *
 * Not connections are counted but attempts under way: those to a host that does
 * not answer would pile up.  Counted by record locks on a file that all senders
 * have (remote/deadlist.h), so what a sender took goes with it.  Two addresses
 * can share a count, which then is too strict.
 */
#ifndef OWL_ATTEMPTS_H
#define OWL_ATTEMPTS_H

#include <sys/types.h>
#include "lib/ip.h"

enum { ATTEMPTS_MAX = 1024, NETWORK_BITS_4 = 24, NETWORK_BITS_6 = 48 };

struct attempts {
  int fd; /* -1: nobody counts */
  unsigned per_ip, per_network; /* up to ATTEMPTS_MAX; 0: no limit */
};

struct permit {
  off_t ip, network; /* 0: none was needed */
};

/* attempts_take(): true and *p, or false: too many are under way.  held: what
 * this process has, which the locks do not tell. */
bool attempts_take(const struct attempts *a, const struct ip *ip, const struct permit *held, size_t count,
                   struct permit *p);

void attempts_give_back(const struct attempts *a, const struct permit *p);

#endif
