/* tlsfacts.h - what is known of a connection's TLS, in words
 *
 * tlsfacts_describe(): appends "VERSION CIPHER BITS", and after that what is known of
 * "resumed", "sni NAME", "client NAME", "verified HOW", "sha256 HEX": for logs,
 * envelopes and sessions.  0, or -1 without memory.
 *
 * tlsfacts_name(): the name of the peer's certificate, where an authority vouches for it and it
 * does not look like somebody's SHA-256; else "".
 */
#ifndef OWL_TLSFACTS_H
#define OWL_TLSFACTS_H

#include "lib/text.h"
#include "lib/tlswire.h"

int tlsfacts_describe(stralloc *out, const struct tls_facts *f);
const char *tlsfacts_name(const struct tls_facts *f);

#endif
