/* environment.h - an environment under construction, for execve()
 *
 * Zeroed at first; owns its texts.  No value that is given holds a NUL.
 */
#ifndef OWL_ENVIRONMENT_H
#define OWL_ENVIRONMENT_H

#include <stdint.h>
#include "lib/text.h"

enum { ENVIRONMENT_MAX = 32 };

struct environment {
  char *list[ENVIRONMENT_MAX + 1]; /* for execve() */
  stralloc texts[ENVIRONMENT_MAX];
  size_t count;
};

/* A connection, as servers of the tcpserver family tell of it. */
struct environment_ends {
  struct text client_address, client_name, local_address; /* empty or absent: not known */
  uint64_t client_port, local_port;                       /* 0: not known */
};

/* environment_add(): NAME=VALUE; nothing where the value is absent.
 * environment_add_u(): nothing for 0.  environment_add_ends(): PROTO, and what is
 * known.  0, or -1 with errno: ENOMEM, or E2BIG after ENVIRONMENT_MAX of them. */
int environment_add(struct environment *e, const char *name, struct text value);
int environment_add_u(struct environment *e, const char *name, uint64_t value);
int environment_add_ends(struct environment *e, const struct environment_ends *ends);
void environment_free(struct environment *e);

#endif
