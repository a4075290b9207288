/* secretinput.h - a password from who sits there, or from descriptor 0 */
#ifndef OWL_AUTH_SECRETINPUT_H
#define OWL_AUTH_SECRETINPUT_H

#include "lib/text.h"

enum { SECRETINPUT_MAX = 1024 };

/* secretinput_read(): at a terminal asks for it, without showing it, twice where
 * confirm is set; else one line.  0, or -1 with *why, a sentence. */
int secretinput_read(stralloc *secret, bool confirm, const char **why);

#endif
