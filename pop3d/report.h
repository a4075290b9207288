/* report.h - tell who logged the client in what the session did (lib/mailboxdoor.h) */
#ifndef OWL_POP3D_REPORT_H
#define OWL_POP3D_REPORT_H

#include "lib/mailboxdoor.h"

/* report_is_wanted(): whether the environment says that there is such a one
 * (MAILBOX_DOOR). */
bool report_is_wanted(void);

/* report_login_delay(): how long a client has to wait before it logs in again
 * (MAILBOX_LOGIN_DELAY), in seconds; 0: not at all. */
uint64_t report_login_delay(void);

/* report_end(): where it is wanted.  What cannot be told is not.  why is cut. */
void report_end(struct mailboxdoor_end *e, struct text why);

#endif
