/* published.h - would who checks our TLSA records (RFC 6698, 7672) send us mail?
 *
 * A child of the zygote has owl-tlsa(8) look up the records of _25._tcp.ME and does with
 * each kind of certificate the handshake of a client that checks them.  What it
 * finds it says in the log; nothing waits for it.  The records are hostile; it is
 * shut in before it reads them.
 */
#ifndef OWL_TLS_PUBLISHED_H
#define OWL_TLS_PUBLISHED_H

#include "tls/remotekey.h"
#include "tls/server.h"

struct published {
  const char *me;
  struct server *server;
  SSL_CTX *server_context, *client_context;
  struct sign_channel *channel; /* the certificates' */
  int signer;                   /* who takes the channel's other end, over SCM_RIGHTS */
};

/* published_compare(): to be called while files can still be opened and programs run.
 * Returns at once. */
void published_compare(const struct published *p);

#endif
