/* deadlist.h - addresses that did not answer, known to all senders
 *
 * A sealed memory file that owl-rspawn makes and each owl-remote maps; it goes
 * with the spawner.  A full place forgets the address that would be forgotten
 * first.  Times are the boot clock's (lib/clock.h).
 */
#ifndef OWL_DEADLIST_H
#define OWL_DEADLIST_H

#include <stdint.h>
#include "lib/ip.h"

enum { DEADLIST_FD = 3 }; /* where an owl-remote finds it */

struct deadlist {
  int fd;
  struct deadlist_entry *entries; /* NULL: nothing is known, nothing kept */
};

/* deadlist_make(): the descriptor, close-on-exec, or -1. */
int deadlist_make(void);

/* deadlist_open(): maps it.  A descriptor that is none leaves an empty list that
 * keeps nothing.  What is forked or started later has neither map nor descriptor:
 * it may be what reads the network. */
void deadlist_open(struct deadlist *d, int fd);

void deadlist_add(struct deadlist *d, const struct ip *ip, unsigned port, uint64_t until_us);
void deadlist_remove(struct deadlist *d, const struct ip *ip, unsigned port);
bool deadlist_has(struct deadlist *d, const struct ip *ip, unsigned port, uint64_t now_us);

void deadlist_close(struct deadlist *d);

#endif
