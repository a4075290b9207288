/* client.h - who is at the other end, as the server in front tells it, or else
 * the socket */
#ifndef OWL_CLIENT_H
#define OWL_CLIENT_H

#include <stdint.h>
#include "lib/text.h"

struct client {
  stralloc address;       /* IP address; empty: not a network client */
  stralloc name;          /* from the reverse DNS; empty: unknown */
  stralloc local_address; /* the address that it came to; empty: unknown */
  uint64_t port;          /* 0: unknown */
};

/* client_find(): tcpserver's environment (TCPREMOTEIP..., TCP6REMOTEIP...),
 * or getpeername() of fd.  0, or -1 without memory. */
int client_find(struct client *c, int fd);
void client_free(struct client *c);

#endif
