/* passwords.h - the password file's database, for owl-authd and owl-checkpw
 *
 * Nobody's line, under the empty name, stands in for users that there are not:
 * they cost the same time, and get the same salt each time.
 */
#ifndef OWL_AUTH_PASSWORDS_H
#define OWL_AUTH_PASSWORDS_H

#include "auth/verifier.h"

struct passwords {
  bool is_known;
  struct verifier own, nobody; /* own: where is_known */
};

/* passwords_find(): what is kept of the user, and nobody's.  0, or -1 with errno: no
 * database, or malformed.  Free it after 0. */
int passwords_find(struct passwords *p, const char *database, struct text user);

/* passwords_verifier(): the user's, or nobody's. */
const struct verifier *passwords_verifier(const struct passwords *p);

void passwords_free(struct passwords *p);

#endif
