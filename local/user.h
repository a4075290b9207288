/* user.h - whose mail is it?
 *
 * user_find() applies qmail's rules to a local part: the longest name before a
 * break character (or the whole) that is an account with a uid other than 0 and
 * a home that exists and belongs to it; what follows the break character is the
 * extension, and the dash is '-' whichever it was.  Otherwise the account ALIAS_USER, the whole local part being the
 * extension.  Names are lower-cased, the extension is kept as it is.
 *
 * Accounts come from the system (getpwnam, which may block for long) or, when
 * passwdfile is not empty, from that passwd(5) file alone (then the system's
 * groups do not count).  The local part is
 * hostile, but holds no NUL.
 */
#ifndef OWL_LOCAL_USER_H
#define OWL_LOCAL_USER_H

#include "local/account.h"

enum {
  USER_NAME_MAX = 64 /* octets of a name; bounds the look-ups that one address can cause */
};

struct user_rules {
  const char *passwdfile; /* "": the system */
  const char *breaks;     /* the break characters; "": none */
};

/* *a must be zeroed or freed before; free it whatever comes back. */
enum user_status user_find(struct account *a, const struct user_rules *rules, struct text local,
                           struct verdict *v);

/* user_find_alias(): the account ALIAS_USER alone, for the same local part. */
enum user_status user_find_alias(struct account *a, const struct user_rules *rules, struct text local,
                                 struct verdict *v);

#endif
