/* warmup.h - handshakes with ourselves, before there are others
 *
 * OpenSSL looks algorithms up and makes tables when they are first used; children
 * who fork afterwards inherit them, and need a third of the time.  It is also a
 * test that the keys sign: server may be NULL, then nothing is done.  false: a
 * handshake failed.
 */
#ifndef OWL_TLS_WARMUP_H
#define OWL_TLS_WARMUP_H

#include <stdbool.h>
#include "tls/server.h"

bool warmup_run(SSL_CTX *server_context, struct server *server, SSL_CTX *client_context);

#endif
