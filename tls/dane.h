/* dane.h - the TLSA records of a request (RFC 6698, RFC 7671, RFC 7672)
 *
 * SMTP takes usages 2 and 3 only (RFC 7672 3.1.3).  A record with another usage,
 * selector or matching type, of a wrong length, or that is no certificate or key
 * where it should be one, is unusable; records of which none is usable ask for
 * TLS and for nothing more (RFC 7672 2.2).  Of several matching types for the
 * same usage and selector the strongest counts (RFC 7671 9).
 */
#ifndef OWL_TLS_DANE_H
#define OWL_TLS_DANE_H

#include <openssl/ssl.h>
#include "lib/tlswire.h"

enum dane_taken {
  DANE_USABLE,
  DANE_NONE_USABLE,
  DANE_MALFORMED, /* a line that is no TLSA record: who asks is at fault */
  DANE_NO_MEMORY
};

/* Once per context, before dane_take(). */
bool dane_prepare(SSL_CTX *context);

/* Gives the records to the session, with the names for usage 2. */
enum dane_taken dane_take(SSL *ssl, const struct tls_request *r);

#endif
