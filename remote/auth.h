/* auth.h - log in at a relay (RFC 4954), as the client
 *
 * By the strongest mechanism that the server offers of lib/saslclient.h.  The password
 * is worth nothing where somebody else listens or answers, so without
 * smtpauthunverified this is done only under TLS with a certificate that has been
 * checked, and on loopback, where a tunnel may begin.
 */
#ifndef OWL_AUTH_H
#define OWL_AUTH_H

#include "remote/credentials.h"
#include "remote/smtp.h"

/* auth_log_in(): behind EHLO.  false: the session is closed, and s->verdict, a
 * deferral, says why: what is wrong with a password is this site's to mend. */
bool auth_log_in(struct smtp *s, const struct credentials *c);

#endif
