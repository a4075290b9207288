/* breaks.h - the characters that end a user's name in a local part */
#ifndef OWL_LOCAL_BREAKS_H
#define OWL_LOCAL_BREAKS_H

#include "lib/control.h"

/* breaks_are_good(): a letter or a digit would divide every name, and what no
 * name can hold would divide nothing. */
bool breaks_are_good(struct text breaks);

/* breaks_load(): the control file, NUL-terminated.  0, or -1 with c->error set. */
int breaks_load(struct control *c, stralloc *out);

#endif
