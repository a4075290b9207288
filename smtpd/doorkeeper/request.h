/* request.h - what a kind of request may hold */
#ifndef OWL_REQUEST_H
#define OWL_REQUEST_H

#include "lib/door.h"

/* request_is_empty(): whether a request has nothing but what its kind allows:
 * the caller has cleared that, and nothing may be left to encode. */
bool request_is_empty(const struct door_request *rest);

#endif
