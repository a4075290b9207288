/* identify.h - somebody whom we believe says who the client is
 *
 * A proxy says it before all else (PROXY), a filter or fetcher by XCLIENT when
 * no transaction is under way.  Each is granted once, and only to addresses of
 * proxyclients and xclients.  With the address goes the right to relay:
 * only relayclients can give it to the client that is named.
 */
#ifndef OWL_IDENTIFY_H
#define OWL_IDENTIFY_H

#include "smtpd/doorkeeper/doorkeeper.h"
#include "smtpd/doorkeeper/outcome.h"

/* For the requests PROXY and XCLIENT. */
struct outcome identify_proxied(struct doorkeeper *k, const struct door_request *r);
struct outcome identify_xclient(struct doorkeeper *k, const struct door_request *r);

#endif
