/* tlscase.h - what is known about TLS with one host
 *
 * Gathers what remote/tlsverdict.h decides by, TLSA records with it, and says
 * what owl-tlsd has to ask of the certificate then.
 */
#ifndef OWL_TLSCASE_H
#define OWL_TLSCASE_H

#include "remote/net.h"
#include "remote/tlspolicy.h"
#include "remote/walk.h"

enum { PORT_TLS = 465 }; /* TLS from the first octet, RFC 8314 */

/* Large. */
struct tlscase {
  struct tls_case facts;
  struct tlspolicy policy;
  struct tlsa_set tlsa;
  struct text base; /* the name that the TLSA records are of (RFC 7672 2.2.3), a view of the target's; or absent */
  const struct stspolicy *sts; /* the walk's, or one that asks for nothing */
  const char *problem; /* static, or NULL: why the look-up of TLSA records failed */
};

/* tlscase_make(): *c is overwritten, but for TLSA records that do not count.  Looks up what is needed, the domain's MTA-STS policy once for each walk. */
void tlscase_make(struct tlscase *c, struct walk *w, const struct walk_target *t, const struct net_wish *wish);

/* tlscase_request(): *r is overwritten.  false: there are more names than fit. */
bool tlscase_request(struct tls_request *r, const struct tlscase *c, const struct tls_plan *p, const struct walk *w,
                     const struct walk_target *t);

/* tlscase_describe(): version, cipher, verified how; NUL-terminated. */
void tlscase_describe(char *to, size_t size, const struct tls_plan *p, const struct tls_facts *f);

#endif
