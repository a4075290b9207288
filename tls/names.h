/* names.h - is a certificate for one of these names?
 *
 * RFC 6125 as RFC 8461 4.1 and RFC 9525 narrow it: subjectAltName only, of type
 * DNS (a wildcard stands for the whole leftmost label, and for one label) or
 * IP address where the name is one.  With common_names a certificate that has
 * no DNS name at all is taken by its subject's CN (RFC 7672 3.2.3).
 */
#ifndef OWL_TLS_NAMES_H
#define OWL_TLS_NAMES_H

#include <openssl/x509.h>
#include "lib/tlswire.h"

/* The first of the request's names that the certificate is for, or NULL. */
const char *names_match(X509 *certificate, const struct tls_request *r, bool common_names);

/* An IPv4 or IPv6 address, without brackets. */
bool names_is_address(const char *name);

#endif
