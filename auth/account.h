/* account.h - the account that a site's check program gives who is right
 *
 * Such a program becomes the user, enters and names the home, and runs the
 * next one.  The last one is our owl-attest then, which sends HOME over a
 * socket of its own; whose it is the kernel says (SCM_CREDENTIALS).
 */
#ifndef OWL_AUTH_ACCOUNT_H
#define OWL_AUTH_ACCOUNT_H

#include "auth/reply.h"

enum { ACCOUNT_FD = 4 }; /* in the program */

/* account_listen(): ends[0] is ours, ends[1] is for the program.  0, or -1 with
 * errno. */
int account_listen(int ends[2]);

/* account_hear(): after the program's end, without waiting: uid, gid and home into
 * *r, where they have been attested.  What comes is the user's: it is checked.  0, or
 * -1 with errno: ENOMEM, or EINVAL: an account that is none, for which no other one
 * stands in. */
int account_hear(int end, struct reply *r);

/* account_note(): the same from elsewhere.  0, or -1 with errno EINVAL for a home
 * that is none, ENOMEM. */
int account_note(struct reply *r, uint64_t uid, uint64_t gid, struct text home);

#endif
