/* tally.h - what a talker has counted, for the log
 *
 * Lies in memory that talker and doorkeeper share, so that it is there however
 * the talker ends.  A talker that has been taken over can write what it likes.
 */
#ifndef OWL_TALLY_H
#define OWL_TALLY_H

#include <stdint.h>

struct tally {
  uint64_t commands, errors;       /* lines of the client; replies from 400 on */
  char last_error[16];             /* "555 5.5.4"; it may lack its NUL */
  uint64_t octets_in, octets_out;
};

/* tally_share(): zeroed, and shared with the children that are forked from now
 * on.  NULL with errno. */
struct tally *tally_share(void);

#endif
