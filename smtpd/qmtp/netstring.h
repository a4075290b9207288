/* netstring.h - LENGTH ":" OCTETS "," (cr.yp.to/proto/netstrings.txt), from a client
 *
 * A netstring is read piece by piece and may lie in another one, whose end its
 * own must not pass.  Input is hostile: lengths have no leading zero and at
 * most NETSTRING_DIGITS_MAX digits.
 *
 * Functions return 0, or -1 with errno: EPROTO for what is not formed so,
 * ECONNRESET where the input ends early, and those of the reader's source.
 */
#ifndef OWL_NETSTRING_H
#define OWL_NETSTRING_H

#include <stdint.h>
#include "lib/line.h"

enum { NETSTRING_DIGITS_MAX = 18 };

struct netstring {
  struct line_reader *in;
  struct netstring *outer; /* NULL, or the one that it lies in */
  uint64_t left;           /* octets that have not been taken */
};

/* netstring_begins(): waits for an octet.  1, or 0 at the end of the input. */
int netstring_begins(struct line_reader *in);

/* netstring_open(): takes length and colon. */
int netstring_open(struct netstring *n, struct line_reader *in, struct netstring *outer);

/* netstring_take(): the next 1 to max of the octets that are left; the view
 * holds until the reader is used again. */
int netstring_take(struct netstring *n, size_t max, struct text *piece);

/* netstring_close(): passes over what is left, and takes the comma. */
int netstring_close(struct netstring *n);

/* netstring_read(): a whole netstring.  Of one that is longer than max octets
 * nothing is kept, and *too_long is set. */
int netstring_read(struct line_reader *in, struct netstring *outer, size_t max, stralloc *out,
                   bool *too_long);

#endif
