/* user.h - whose mail is it?
 *
 * user_find() applies qmail's rules to a local part: the longest name before a
 * break character '-' (or the whole) that is an account with a uid other than
 * 0 and a home that exists and belongs to it; what follows the '-' is the
 * extension.  Otherwise the account ALIAS_USER, the whole local part being the
 * extension.  Names are lower-cased, the extension is kept as it is.
 *
 * Accounts come from the system (getpwnam, which may block for long) or, when
 * passwdfile is not empty, from that passwd(5) file alone.  The local part is
 * hostile, but holds no NUL.
 */
#ifndef OWL_LOCAL_USER_H
#define OWL_LOCAL_USER_H

#include "local/account.h"

enum {
  USER_NAME_MAX = 64 /* octets of a name; bounds the look-ups that one address can cause */
};

enum user_status {
  USER_FOUND,
  USER_NONE,
  USER_TROUBLE /* not known just now: *v is the deferral */
};

/* *a must be zeroed or freed before; free it whatever comes back. */
enum user_status user_find(struct account *a, const char *passwdfile, struct text local,
                           struct verdict *v);

#endif
