/* parameter.h - the parameters behind the path of MAIL and RCPT (RFC 5321 4.1.2)
 *
 * What is not known gets 555; what is malformed, or given twice, 501.  Hostile
 * input.  Each returns a reply of code 250, or the refusal.  Texts of the
 * request are views into decoded, which is overwritten.
 */
#ifndef OWL_PARAMETER_H
#define OWL_PARAMETER_H

#include "lib/door.h"
#include "smtpd/talker/reply.h"

/* SIZE (RFC 1870) goes to r->octets; BODY (RFC 6152), RET and ENVID (RFC 3461)
 * SMTPUTF8 (RFC 6531) and REQUIRETLS (RFC 8689) to r->envelope.  AUTH (RFC 4954) is known with_auth only, and kept nowhere. */
struct reply parameters_of_mail(struct text parameters, bool with_auth, struct door_request *r, stralloc *decoded);

/* NOTIFY and ORCPT (RFC 3461).  smtputf8: MAIL had it, and an ORCPT may be
 * UTF-8 as it stands (RFC 6533 3). */
struct reply parameters_of_rcpt(struct text parameters, bool smtputf8, struct envelope_recipient *r,
                                stralloc *decoded);

/* SMTPUTF8 behind what VRFY and EXPN are asked about (RFC 6531 3.7.4.2): taken
 * off *argument.  Whether it was there. */
bool parameters_take_smtputf8(struct text *argument);

#endif
