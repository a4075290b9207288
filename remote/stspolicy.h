/* stspolicy.h - the MTA-STS policy of a domain that mail is sent to (RFC 8461)
 *
 * Asks for the TXT record of _mta-sts.DOMAIN, has owl-sts fetch the policy when
 * the record's id is new, or when there is none in the files, or it is about to
 * end, and reads it from the files (lib/stscache.h).  For the connector: it
 * waits for name servers and for owl-sts.
 *
 * A domain whose record went away, cannot be looked up or whose policy cannot be
 * fetched keeps the policy that is in the files until that ends (RFC 8461 5.1).
 * Files that cannot be read may hold one that is to be kept.
 */
#ifndef OWL_STSPOLICY_H
#define OWL_STSPOLICY_H

#include "lib/clock.h"
#include "lib/stscache.h"
#include "lib/text.h"

struct stspolicy_settings {
  const char *remotedir;  /* of the control files; where there is none of this user, all is STS_NONE */
  unsigned timeoutdns_s;
  unsigned timeoutsts_s;  /* for owl-sts; 0: nothing is looked up or fetched, the files alone count */
  const struct clock *clock;
};

enum stspolicy_source {
  STSPOLICY_ABSENT,  /* none is announced, and none is kept */
  STSPOLICY_CACHED,  /* from the files: it is the one that is announced, or it was not looked up */
  STSPOLICY_FETCHED, /* just now */
  STSPOLICY_KEPT,    /* from the files, although it could not be looked up or fetched again: see problem */
  STSPOLICY_FAILED,  /* one is announced, but cannot be had: mode is STS_NONE; see problem, result */
  STSPOLICY_UNKNOWN, /* none is kept, and whether one is announced cannot be looked up: mode is STS_NONE; see problem */
  STSPOLICY_UNREADABLE /* what the files hold is not known: mode is STS_NONE; see problem */
};

struct stspolicy {
  enum sts_mode mode; /* STS_NONE: nothing is asked of hosts */
  enum stspolicy_source source;
  struct sts_policy policy;  /* with mode; its text is for the notes (remote/tlsrpt.h), policy.mx_count the patterns */
  char result[40];           /* RFC 8460 4.3, "sts-policy-fetch-error"; "": no such trouble */
  char problem[STSCACHE_REASON_MAX + 1]; /* for the log and owlq explain; "" */
};

/* stspolicy_find(): domain is the next hop as MX records are looked up for it:
 * not an address.  The policy's text lies in memory of this module, until the
 * next call.  It never fails: what cannot be found out is STS_NONE with a problem. */
void stspolicy_find(struct stspolicy *p, struct text domain, const struct stspolicy_settings *s);

/* stspolicy_allows(): mode is STS_NONE, or the policy has a pattern for this MX
 * host (RFC 8461 4.1). */
bool stspolicy_allows(const struct stspolicy *p, struct text mx);

#endif
