/* stapled.h - the answer about revocation that a server staples (RFC 6066 8, RFC 6960)
 *
 * Nothing is fetched.  An answer that is signed by the authority, in time, and
 * says revoked ends the handshake.  None, or one that proves nothing, is taken
 * as none; that ends it only where the certificate says that it must bring one
 * (RFC 7633).  The answer is hostile.
 */
#ifndef OWL_TLS_STAPLED_H
#define OWL_TLS_STAPLED_H

#include <openssl/ssl.h>

void stapled_prepare(SSL_CTX *context);
void stapled_ask(SSL *ssl);

#endif
