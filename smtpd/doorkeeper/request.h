/* request.h - what a kind of request may hold */
#ifndef OWL_REQUEST_H
#define OWL_REQUEST_H

#include "lib/door.h"

/* request_is_empty(): whether a request has nothing but what its kind allows:
 * the caller has cleared that, and nothing may be left to encode. */
bool request_is_empty(const struct door_request *rest);

/* request_is_mail(), request_is_rcpt(): has what MAIL and RCPT must and may
 * have, each in its limits (owlpost-door(7)); but for the octets of RCPT's
 * address, which depend on MAIL. */
bool request_is_mail(const struct door_request *r);
bool request_is_rcpt(const struct door_request *r);

#endif
