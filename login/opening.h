/* opening.h - for the request OPEN: the client becomes its mailbox's session's */
#ifndef OWL_LOGIN_OPENING_H
#define OWL_LOGIN_OPENING_H

#include "login/doorkeeper.h"

/* opening_ask(): 0, or -1: nobody has logged in.  After a success the session
 * answers the client.  A refusal leaves things as before the log-in. */
int opening_ask(struct login_doorkeeper *k, const struct logindoor_request *r, struct logindoor_answer *a);

/* opening_wait(): until the session has ended; the log says what it did.  false: it has
 * said nothing. */
bool opening_wait(struct login_doorkeeper *k);

#endif
