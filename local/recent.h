/* recent.h - who has logged in, and had a session, a short while ago (LOGIN-DELAY, RFC 2449 6.5)
 *
 * By log-in name, in whichever case it was said.  There are RECENT_PLACES, and of
 * the users that share one the last is known: a user who was forgotten is let in
 * early, and nobody is kept out who has not been here.
 */
#ifndef OWL_LOCAL_RECENT_H
#define OWL_LOCAL_RECENT_H

#include "lib/text.h"

enum { RECENT_PLACES = 4096 };

struct recent {
  struct recent_login *places; /* owned; NULL: none yet */
};

/* recent_is_in(): whether the user was here less than so many seconds before now. */
bool recent_is_in(const struct recent *r, struct text user, uint64_t now_us, uint64_t seconds);

/* recent_note(): the user is here.  Without memory nothing is noted. */
void recent_note(struct recent *r, struct text user, uint64_t now_us);

/* recent_forget(): the user has not been here after all. */
void recent_forget(struct recent *r, struct text user);

void recent_free(struct recent *r);

#endif
