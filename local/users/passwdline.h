/* passwdline.h - a line of passwd(5): does it give a mail user? */
#ifndef OWL_USERS_PASSWDLINE_H
#define OWL_USERS_PASSWDLINE_H

#include "local/users/rules.h"

struct passwdline {
  struct text user, uid, gid, home; /* views */
};

enum passwdline_status {
  PASSWDLINE_TAKEN,
  PASSWDLINE_SKIPPED,  /* by the rules */
  PASSWDLINE_WRONG,    /* *why: what is wrong with it */
  PASSWDLINE_HOMELESS, /* its home is missing, and the rules need it; or errno */
  PASSWDLINE_NO_MEMORY
};

/* passwdline_read(): *p is filled where the line could be divided. */
enum passwdline_status passwdline_read(struct passwdline *p, struct text line, const struct rules *r,
                                       const char **why);

#endif
