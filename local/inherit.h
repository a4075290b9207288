/* inherit.h - what of root's environment owl-lspawn leaves to what it runs as a user
 *
 * inherit_environment(): PATH, and what a site may set for its mail programs;
 * nothing else.  0, or -1 without memory.
 */
#ifndef OWL_LOCAL_INHERIT_H
#define OWL_LOCAL_INHERIT_H

#include "lib/environment.h"

int inherit_environment(struct environment *e);

#endif
