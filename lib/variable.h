/* variable.h - a text as a variable of the environment */
#ifndef OWL_VARIABLE_H
#define OWL_VARIABLE_H

#include "lib/text.h"

/* variable_set(): 0, or -1 without memory.  The value ends at a NUL. */
int variable_set(const char *name, struct text value);

#endif
