/* variables.h - what tcpserver's rules set for a client in the environment */
#ifndef OWL_VARIABLES_H
#define OWL_VARIABLES_H

#include "smtpd/doorkeeper/settings.h"

/* variables_load(): RELAYCLIENT, RCPTCHECK, FORCETLS, SMTPS, and the numbers that take the place of those of
 * control files.  0, or -1 with c->error set. */
int variables_load(struct settings *s, struct control *c);

#endif
