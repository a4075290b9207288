/* rua.h - where a domain wants its TLS reports (RFC 8460 3)
 *
 * The TXT record at _smtp._tls.DOMAIN.  Hostile input; pure.
 */
#ifndef OWL_TLSREPORT_RUA_H
#define OWL_TLSREPORT_RUA_H

#include "lib/text.h"

enum { RUA_MAX = 8 }; /* addresses of a record that count */

struct rua {
  stralloc addresses[RUA_MAX]; /* of mailto: URIs, decoded; owned */
  size_t count;
  size_t others;  /* URIs that are not mailto:, https: among them */
  size_t records; /* that begin as TLSRPT records */
  bool malformed; /* one of them */
};

/* rua_add_record(): a TXT record, its strings put together; others than TLSRPT's
 * are passed over.  0, or -1 without memory. */
int rua_add_record(struct rua *r, struct text record);

/* rua_counts(): exactly one TLSRPT record, well formed, with an address. */
bool rua_counts(const struct rua *r);

void rua_free(struct rua *r);

#endif
