/* auth.h - log in at a relay (RFC 4954), as the client
 *
 * CRAM-MD5 (RFC 2195), else PLAIN (RFC 4616), else LOGIN.  The latter two show the
 * password to whoever listens, so without TLS they are used on loopback only,
 * where a tunnel may begin.
 */
#ifndef OWL_AUTH_H
#define OWL_AUTH_H

#include "remote/credentials.h"
#include "remote/smtp.h"

/* auth_log_in(): behind EHLO.  false: the session is closed, and s->verdict, a
 * deferral, says why: what is wrong with a password is this site's to mend. */
bool auth_log_in(struct smtp *s, const struct credentials *c);

#endif
