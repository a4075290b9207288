/* srs.h - SRS addresses (Sender Rewriting Scheme: "SRS", Wong, 2004)
 *
 * Whoever forwards a message with its sender unchanged sends in the name of
 * that sender's domain, which has not allowed it (SPF).  So the sender becomes
 * an address of the forwarder, which leads a bounce back:
 *
 *   ann@a.org              SRS0=HHHH=TT=a.org=ann@forwarder
 *   SRS0=...@first.net     SRS1=HHHH=first.net==...@forwarder
 *   SRS1=HHHH=first.net==...@second.net    the same, HHHH made anew
 *
 * TT is the day, modulo 1024, in two base32 digits.  HHHH is the beginning of
 * the base64 form of HMAC-SHA1 over what stands behind it, without separators
 * and in lower case: day, domain and local part, or host and the octets that
 * were behind SRS0.  Mail::SRS and libsrs2 make and read the same.  Input is
 * hostile.
 */
#ifndef OWL_SRS_H
#define OWL_SRS_H

#include <stdint.h>
#include "lib/text.h"

enum {
  SRS_HASH_OCTETS = 4,     /* what we write, and the least that is believed */
  SRS_HASH_OCTETS_MAX = 27 /* the whole digest */
};

/* srs_is(): the local part begins with SRS0 or SRS1, in any case, and one of
 * the separators = + -. */
bool srs_is(struct text local);

/* srs_sign(): appends the address of the sender at that domain, our own.  1; 0,
 * and *out as it was, where there can be none: the sender has no local part or
 * no domain, or a domain with '='; -1 without memory. */
int srs_sign(stralloc *out, struct text secret, struct text sender, struct text domain, uint64_t wall_us);

enum srs_status {
  SRS_OK,
  SRS_NONE,    /* not an SRS address */
  SRS_FORGED,  /* malformed, or none of the secrets has signed it */
  SRS_EXPIRED, /* signed, but too long ago */
  SRS_NO_MEMORY
};

/* srs_reverse(): one step back: *out is overwritten with whom the address
 * stands for, and may be an SRS address of another host.  The hash can be longer
 * than ours, and may have lost its case on the way, as senders' systems have
 * been seen to do.  *out is empty after anything but SRS_OK. */
enum srs_status srs_reverse(stralloc *out, const struct text *secrets, size_t secret_count, struct text address,
                            uint64_t wall_us, uint64_t maxage_s);

#endif
