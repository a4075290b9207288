/* server.h - the server's side of a handshake
 *
 * server_context() once per process that forks children; server_open() in the child.
 * TLS 1.2 and 1.3, our order of ciphers, no renegotiation, no compression, no RSA
 * key exchange.  The certificate is chosen by SNI: of every type of key the
 * first one that is for the name; for a name that is nobody's, and without one,
 * those that share the first name of the first certificate.
 */
#ifndef OWL_TLS_SERVER_H
#define OWL_TLS_SERVER_H

#include "lib/tlswire.h"
#include "tls/identity.h"
#include "tls/tickets.h"

enum { SERVER_WHY = 512 };

struct server {
  struct identity identities[SETTINGS_CERTIFICATES];
  unsigned count;
  struct tickets tickets;
  unsigned char asked[32]; /* of whom a session with a client that is asked for a certificate is: a digest of
                            * the authorities, so that none outlives them */
};

/* NULL: why has "unable to VERB OBJECT: reason".  *s lives as long as it. */
SSL_CTX *server_context(struct server *s, const struct settings *settings, char why[SERVER_WHY]);

/* A session ready for SSL_accept(), or NULL, and f says why. */
SSL *server_open(SSL_CTX *context, struct server *s, const struct tls_request *r, struct tls_facts *f);

/* After a handshake that is done. */
void server_facts(SSL *ssl, struct tls_facts *f);

#endif
