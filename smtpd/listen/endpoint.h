/* endpoint.h - an address and port to listen at, as people write it
 *
 * "0.0.0.0:25", "[::]:25", "192.0.2.1", "::1" or "[::1]": an IPv6 address with
 * a port has brackets; without a port it is 25.
 */
#ifndef OWL_ENDPOINT_H
#define OWL_ENDPOINT_H

#include "lib/ip.h"

enum { ENDPOINT_SMTP_PORT = 25 };

struct endpoint {
  struct ip ip;
  unsigned port; /* 0: whichever is free */
};

/* endpoint_parse(): false where the text is none. */
bool endpoint_parse(struct endpoint *e, struct text t);

#endif
