/* handshake.h - a connection gets the TLS that it needs, or none
 *
 * The connector's: by remote/tlsverdict.h it decides for each host, lets a
 * child speak what comes before TLS (remote/prelude.h), and gives the connection to owl-tlsd
 * (lib/tlsdoor.h).  The talker is handed what carries the plaintext.
 */
#ifndef OWL_HANDSHAKE_H
#define OWL_HANDSHAKE_H

#include "remote/net.h"
#include "remote/walk.h"

enum handshake_end {
  HANDSHAKE_DONE,
  HANDSHAKE_ANEW, /* the same host again: the target is not used, and asks for less */
  HANDSHAKE_NEXT, /* nothing can be sent to this host */
  HANDSHAKE_GONE  /* the talker is gone */
};

struct handshake {
  struct walk *walk; /* its settings; said becomes what a server said, or why not this host */
  const struct net_wish *wish;
  int talker;
  struct net_peer *peer; /* stage, hello and tls are set with HANDSHAKE_DONE, views of what follows */
  stralloc hello;
  char tls[RESULT_TLS_MAX + 1];
  char exporter[NET_BINDING_MAX + 1], endpoint[NET_BINDING_MAX + 1];
};

/* handshake_run(): *fd, connected to t, becomes what the talker gets; or it is closed. */
enum handshake_end handshake_run(struct handshake *h, struct walk_target *t, int *fd);

#endif
