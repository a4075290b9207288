/* tlspolicy.h - what this site asks of TLS to a destination (the control file tlspolicy)
 *
 * A line is DESTINATION:LEVEL, and options behind it, a blank between them.
 * The destination is the mail domain, or the relay that a route names; ".suffix"
 * is all below, empty is all.  A line that makes no sense is an error.
 */
#ifndef OWL_TLSPOLICY_H
#define OWL_TLSPOLICY_H

#include "lib/control.h"
#include "remote/tlsverdict.h"

struct tlspolicy {
  enum tls_level level; /* of a destination without a line: LEVEL_MAY */
  bool is_ours;         /* there is a line */
  bool is_implicit;     /* TLS from the first octet */
  bool no_dane, no_sts; /* what the domain publishes does not count */
  /* views of the list; absent: not given */
  struct text names, fingerprints; /* with commas between them */
  struct text minversion, ciphers;
};

/* tlspolicy_load(): *l is overwritten, and checked.  0, or -1 with c->error set. */
int tlspolicy_load(struct list *l, struct control *c);

struct tlspolicy tlspolicy_find(const struct list *l, struct text destination);

/* tlspolicy_parse(): one value.  NULL, or a static reason why it makes no sense. */
const char *tlspolicy_parse(struct tlspolicy *p, struct text value);

/* tlspolicy_put(): names, fingerprints, and what else a request has of it.
 * false: too many of them. */
bool tlspolicy_put(struct tls_request *r, const struct tlspolicy *p);

#endif
