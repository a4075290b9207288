/* proxy.h - the header of the PROXY protocol, versions 1 and 2 (haproxy's
 * proxy-protocol.txt)
 *
 * Input is hostile.  What stands behind the addresses of version 2 is passed
 * over by its length.
 */
#ifndef OWL_PROXY_H
#define OWL_PROXY_H

#include "lib/ip.h"

enum { PROXY_HEAD_MAX = 107 }; /* octets within which proxy_parse() decides; section 2.1 */

enum proxy_status {
  PROXY_MORE,     /* so far it may become a header */
  PROXY_OK,
  PROXY_MALFORMED /* also what is no TCP over IPv4 or IPv6 */
};

struct proxy {
  bool named; /* false: LOCAL or UNKNOWN: the connection's own addresses hold */
  struct ip remote, local;
  unsigned remote_port, local_port;
  size_t octets; /* of the whole header; may be more than were needed */
};

/* proxy_parse(): from the first octets of a connection.  *p is whole only
 * after PROXY_OK. */
enum proxy_status proxy_parse(struct proxy *p, struct text in);

#endif
