/* fromquote.h - a message as it stands in an mbox
 *
 * As qmail writes it ("mboxrd"): a line of any number of '>' and then "From "
 * gets one '>' more, so that readers can take it away again; the message ends
 * with LF, and an empty line follows.  The octets are hostile and come in
 * pieces; what is written is at most twice as long and 6 octets more.
 */
#ifndef OWL_LOCAL_STORE_FROMQUOTE_H
#define OWL_LOCAL_STORE_FROMQUOTE_H

#include "lib/text.h"

struct fromquote { /* zeroed at first */
  unsigned matched; /* octets of "From " at the start of this line, held back */
  bool within;      /* this line is no such line */
  bool begun;       /* it has an octet */
};

/* Both append: 0, or -1 without memory. */
int fromquote_add(struct fromquote *q, stralloc *out, struct text piece);
int fromquote_end(struct fromquote *q, stralloc *out);

#endif
