/* tlscase.h - what is known about TLS with one host
 *
 * Gathers what remote/tlsverdict.h decides by, and what owl-tlsd has to ask of
 * the certificate then.
 */
#ifndef OWL_TLSCASE_H
#define OWL_TLSCASE_H

#include "remote/net.h"
#include "remote/tlspolicy.h"
#include "remote/walk.h"

enum { PORT_TLS = 465 }; /* TLS from the first octet, RFC 8314 */

/* tlscase_make(): both are overwritten; the request has no check yet.  false: the
 * policy's names do not fit. */
bool tlscase_make(struct tls_case *c, struct tls_request *r, const struct walk *w, const struct walk_target *t,
                  const struct net_wish *wish);

/* tlscase_describe(): version, cipher, verified how; NUL-terminated. */
void tlscase_describe(char *to, size_t size, const struct tls_plan *p, const struct tls_facts *f);

#endif
