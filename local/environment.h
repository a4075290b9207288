/* environment.h - the environment of what owl-lspawn runs as a user
 *
 * What a site may set for its mail programs, and nothing else of root's.
 * Zeroed at first; owns its texts.
 */
#ifndef OWL_LOCAL_ENVIRONMENT_H
#define OWL_LOCAL_ENVIRONMENT_H

#include <stdint.h>
#include "lib/text.h"

enum { ENVIRONMENT_MAX = 32 };

struct environment {
  char *list[ENVIRONMENT_MAX + 1]; /* for execve() */
  stralloc texts[ENVIRONMENT_MAX];
  size_t count;
};

/* environment_begin(): PATH, and what is passed on.  environment_add(): NAME=VALUE;
 * nothing where the value is absent; it holds no NUL.  0, or -1 without memory. */
int environment_begin(struct environment *e);
int environment_add(struct environment *e, const char *name, struct text value);
int environment_add_u(struct environment *e, const char *name, uint64_t value); /* nothing for 0 */
void environment_free(struct environment *e);

#endif
