/* offer.h - what a server offers in its reply to EHLO or LHLO
 *
 * Keywords in any case; what is not known, or malformed, is passed over.  Input
 * is hostile.
 */
#ifndef OWL_OFFER_H
#define OWL_OFFER_H

#include <stdint.h>
#include "lib/text.h"

enum { OFFER_NAME_MAX = 255 };

struct offer {
  char name[OFFER_NAME_MAX + 1]; /* of the server, as it says; "": it says none, or one that is too long or not clean */
  bool pipelining; /* RFC 2920 */
  bool size;       /* RFC 1870 */
  bool eightbit;   /* RFC 6152 */
  bool utf8;       /* RFC 6531 */
  bool dsn;        /* RFC 3461 */
  bool chunking;   /* RFC 3030 2 */
  bool binary;     /* RFC 3030 3; only with chunking */
  bool requiretls; /* RFC 8689 */
  bool starttls;   /* RFC 3207 */
  unsigned mechanisms; /* of AUTH, RFC 4954: enum sasl_mechanism, a set */
  /* RFC 9422; 0: not given */
  uint64_t transactions_max, recipients_max, domains_max;
};

/* offer_read(): text: the lines of the reply, divided by LF, the first of which
 * is the server's name. */
void offer_read(struct offer *o, struct text text);

#endif
