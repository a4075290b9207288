/* failure.h - say why a handshake or its preparation failed
 *
 * Fills error, result and temporary of the facts, and leaves ok 0.  Texts are
 * "unable to VERB OBJECT: reason"; result is of RFC 8460 4.3.
 */
#ifndef OWL_TLS_FAILURE_H
#define OWL_TLS_FAILURE_H

#include <openssl/ssl.h>
#include "lib/tlswire.h"

/* A handshake that returned ret <= 0 and waits for nothing.  Takes OpenSSL's
 * queue of errors; errno is still the one of that call. */
void failure_of_handshake(SSL *ssl, int ret, struct tls_facts *f);

/* What was asked for cannot be: what is "unable to VERB OBJECT"; the reason is
 * OpenSSL's last, or reason where that is not NULL. */
void failure_of_request(struct tls_facts *f, const char *what, const char *reason);

/* Neither side is at fault, and it may go well later. */
void failure_temporary(struct tls_facts *f, const char *what, const char *reason);

#endif
