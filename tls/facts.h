/* facts.h - what is known of a TLS session after its handshake
 *
 * Both sides use it.  Plain OpenSSL: no I/O, no policy.
 */
#ifndef OWL_TLS_FACTS_H
#define OWL_TLS_FACTS_H

#include <openssl/ssl.h>
#include "lib/tlswire.h"

enum { FACTS_SHA256_HEX = 65 };

/* facts_fill(): version, cipher, bits, resumed, sni, the fingerprints of the
 * peer's certificate and its subject's CN as peer (where it has none, the first DNS
 * name or mail address), exporter and endpoint.  What
 * there is not stays ""; ok and verified are the caller's.  The peer's names are
 * hostile: octets that are not printable ASCII become '?'. */
void facts_fill(SSL *ssl, struct tls_facts *f);

/* Lower-case hexadecimal SHA-256 of the certificate, and of its public key
 * (SubjectPublicKeyInfo).  false: OpenSSL could not; hex is "". */
bool facts_fingerprint(const X509 *certificate, char hex[FACTS_SHA256_HEX]);
bool facts_key_fingerprint(const X509 *certificate, char hex[FACTS_SHA256_HEX]);

#endif
