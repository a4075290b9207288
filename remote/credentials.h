/* credentials.h - what to log in with at a relay: the control file smtpauth
 *
 * Its lines are those of smtproutes with a user and a password (lib/target.h);
 * the domain before them does not matter.  Only this program reads it.
 */
#ifndef OWL_CREDENTIALS_H
#define OWL_CREDENTIALS_H

#include "lib/control.h"

struct credentials {
  stralloc user, password; /* owned; user empty: none */
  uint64_t anywhere;       /* smtpauthunverified: also where the server's certificate has not been checked */
};

/* credentials_load(): for that relay at that port.  0, or -1 with c->error set,
 * also when everybody may read the file, or a line is malformed. */
int credentials_load(struct credentials *to, struct control *c, struct text host, unsigned port);

void credentials_free(struct credentials *c);

#endif
