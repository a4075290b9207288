/* passwords.h - the password file's database, for owl-authd and owl-checkpw
 *
 * Nobody's line, under the empty name, stands in for users that there are not:
 * they cost the same time, and get the same salt each time.
 */
#ifndef OWL_AUTH_PASSWORDS_H
#define OWL_AUTH_PASSWORDS_H

#include "auth/verifier.h"

/* passwords_find(): what is kept of the user, or nobody's.  1: the user's; 0:
 * nobody's; -1 with errno: no database, or malformed.  Free *v after 1 and 0. */
int passwords_find(struct verifier *v, const char *database, struct text user);

#endif
