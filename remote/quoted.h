/* quoted.h - text as quoted-printable (RFC 2045 6.7), line by line */
#ifndef OWL_QUOTED_H
#define OWL_QUOTED_H

#include "lib/text.h"

struct quoted {
  unsigned column;
  char held; /* a blank that may be the last of its line, or 0 */
};

/* quoted_put(): more of a line; quoted_end(): its end, without the LF.  Both
 * append; 0, or -1 without memory.  It starts zeroed. */
int quoted_put(struct quoted *q, struct text part, stralloc *out);
int quoted_end(struct quoted *q, stralloc *out);

#endif
