/* child.h - one handshake and its session, shut in before the first octet
 *
 * Own process.  Holds the caller's connection, the network descriptor that comes
 * with the request, the signer's socket until the handshake is done, and nothing else.
 * A fault here costs this session; and signatures for as long as it lasts.
 */
#ifndef OWL_TLS_CHILD_H
#define OWL_TLS_CHILD_H

#include "tls/remotekey.h"
#include "tls/server.h"

struct child {
  int caller;
  int seat; /* resume.h's, or -1: no session is resumed */
  struct sign_channel *signer;
  struct server *server;
  SSL_CTX *server_context; /* NULL: there is no certificate */
  SSL_CTX *client_context;
  unsigned handshake_s;
};

/* An exit code. */
int child_run(const struct child *c);

#endif
