/* lines.h - the logical lines of a file of aliases
 *
 * A line that starts with a blank goes on with the one before it (in a file of
 * aliases).  Empty lines,
 * and those whose first octet other than a blank is '#', are passed over, also
 * between a line and its continuation.  The octets are hostile.
 */
#ifndef OWL_LOCAL_ALIAS_LINES_H
#define OWL_LOCAL_ALIAS_LINES_H

#include "lib/text.h"

struct aliaslines {
  struct text rest; /* set at the start; all but the next are zero then */
  bool alone;       /* each line stands alone, as in included files */
  size_t line;      /* of what was taken */
  stralloc joined;  /* owned */
};

/* aliaslines_next(): 1: *line, valid until the next call, and *number, where it
 * starts, counted from 1; it starts with a blank only when it goes on with
 * nothing.  0 at the end, -1 without memory. */
int aliaslines_next(struct aliaslines *l, struct text *line, size_t *number);

void aliaslines_free(struct aliaslines *l);

#endif
