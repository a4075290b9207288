/* authenticate.h - for the request AUTH: asks owl-authd (lib/saslguard.h) with what the
 * doorkeeper knows of the client and its TLS
 *
 * Who has logged in may relay, stands in envelope, trace and log, and is told to the
 * programs of the session: TCPREMOTEINFO, SMTPAUTHUSER, SMTPAUTHMETHOD and, where
 * it was not set, an empty RELAYCLIENT.
 */
#ifndef OWL_AUTHENTICATE_H
#define OWL_AUTHENTICATE_H

#include "smtpd/doorkeeper/doorkeeper.h"
#include "smtpd/doorkeeper/outcome.h"

struct outcome authenticate(struct doorkeeper *k, const struct door_request *r);

/* authenticate_refuses(): this transaction may not begin: *o says why. */
bool authenticate_refuses(struct doorkeeper *k, struct text sender, struct outcome *o);

/* authenticate_forget(): nobody has logged in yet, whatever the environment says. */
void authenticate_forget(void);

#endif
