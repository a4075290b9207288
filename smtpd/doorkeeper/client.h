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
  stralloc login;         /* whom somebody else has authenticated; empty: nobody */
  bool hidden;            /* a network client, whose address nobody tells */
  uint64_t port, local_port; /* 0: unknown */
};

/* client_find(): tcpserver's environment (TCPREMOTEIP..., TCP6REMOTEIP...),
 * or getpeername() of fd.  0, or -1 without memory. */
int client_find(struct client *c, int fd);

/* client_publish(): tells programs that are started by the session about the
 * client, as tcpserver does without a look-up of names.  0, or -1 without
 * memory. */
int client_publish(const struct client *c);

/* client_forget_environment(): what it says is of another client. */
void client_forget_environment(void);

/* client_copy(): *to is overwritten.  0, or -1 without memory: *to is to be freed. */
int client_copy(struct client *to, const struct client *from);

void client_free(struct client *c);

#endif
