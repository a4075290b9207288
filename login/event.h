/* event.h - log lines of a log-in; each has the session's id, a time in us (owl-popup(8), LOG) */
#ifndef OWL_LOGIN_EVENT_H
#define OWL_LOGIN_EVENT_H

#include "login/doorkeeper.h"

void login_event_connect(struct login_doorkeeper *k);

/* login_event(): what happened, and words of somebody else's behind it; absent: none. */
void login_event(struct login_doorkeeper *k, const char *what, struct text words);

/* how: the mechanism.  r: NULL: in. */
void login_event_user(struct login_doorkeeper *k, struct text how, struct text user, const struct result *r);

void login_event_close(struct login_doorkeeper *k, const char *why);

#endif
