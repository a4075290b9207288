/* fetch.h - fetch a policy over HTTPS (RFC 8461 3.3)
 *
 * https://mta-sts.DOMAIN/.well-known/mta-sts.txt by libcurl: TLS 1.2 at least, a
 * certificate for that name from an authority of the file, status 200, no
 * redirection, text/plain, STS_POLICY_MAX octets, and a time limit for all of it.
 *
 * The addresses are looked up as the system does (resolv.conf, hosts).  Then a
 * child, which can open no file and connect to port 443 only, where the kernel has
 * Landlock, talks with the server; what it hands back is as hostile as the server.
 */
#ifndef OWL_STS_FETCH_H
#define OWL_STS_FETCH_H

#include "lib/stscache.h"

enum fetch_status {
  FETCH_OK,
  FETCH_FAILED,  /* sts-policy-fetch-error */
  FETCH_INVALID, /* sts-policy-invalid */
  FETCH_UNTRUSTED /* sts-webpki-invalid */
};

struct fetch {
  enum fetch_status status;
  char reason[STSCACHE_REASON_MAX + 1]; /* of what is not FETCH_OK; clean */
  size_t len;
  char text[STS_POLICY_MAX];
};

/* fetch_policy(): authorities: a file of PEM. */
void fetch_policy(struct fetch *f, const char *domain, const char *authorities, unsigned limit_s);

/* fetch_result(): RFC 8460 4.3's name. */
const char *fetch_result(enum fetch_status status);

#endif
