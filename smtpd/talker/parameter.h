/* parameter.h - the parameters behind the path of MAIL and RCPT (RFC 5321 4.1.2)
 *
 * They are taken after HELO as well; what is not known gets 555.  Hostile
 * input.  Each returns a reply of code 250, or the refusal.
 */
#ifndef OWL_PARAMETER_H
#define OWL_PARAMETER_H

#include "lib/door.h"
#include "smtpd/talker/reply.h"

/* SIZE (RFC 1870) goes to r->octets, BODY (RFC 6152) to r->envelope.body. */
struct reply parameters_of_mail(struct text parameters, struct door_request *r);

struct reply parameters_of_rcpt(struct text parameters);

#endif
