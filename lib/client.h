/* client.h - who is at the other end, as the server in front tells it, or else
 * the socket */
#ifndef OWL_CLIENT_H
#define OWL_CLIENT_H

#include <stdint.h>
#include <sys/socket.h>
#include "lib/log.h"

struct client {
  stralloc address;       /* IP address; empty: not a network client */
  stralloc name;          /* from the reverse DNS; empty: unknown */
  stralloc local_address; /* the address that it came to; empty: unknown */
  stralloc login;         /* whom somebody else has authenticated; empty: nobody */
  bool hidden;            /* a network client, whose address nobody tells */
  bool unpublished;       /* the socket told it: the environment does not say so yet */
  uint64_t port, local_port; /* 0: unknown */
};

/* What a socket says of its ends; a family of 0: nothing. */
struct client_ends {
  struct sockaddr_storage client, local;
};

/* client_see(): to be asked while the client is there. */
void client_see(struct client_ends *e, int fd);

/* client_find(): tcpserver's environment (TCPREMOTEIP..., TCP6REMOTEIP...), or
 * else the ends.  0, or -1 without memory: *c is to be freed. */
int client_find(struct client *c, const struct client_ends *e);

/* client_publish(): tells programs that are started by the session about the
 * client, as tcpserver does; what is not known is left out.  TCPREMOTEINFO and
 * TCPLOCALHOST stay where the environment has them for these addresses.  0, or
 * -1 without memory. */
int client_publish(const struct client *c);

/* client_forget_environment(): what it says is of another client. */
void client_forget_environment(void);

/* client_copy(): *to is overwritten.  0, or -1 without memory: *to is to be freed. */
int client_copy(struct client *to, const struct client *from);

/* client_log(): "[ADDRESS]:PORT NAME", or what stands for it. */
void client_log(const struct client *c, struct log *l);

void client_free(struct client *c);

#endif
