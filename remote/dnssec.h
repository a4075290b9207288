/* dnssec.h - whether the name servers' word for DNSSEC can be believed
 *
 * An answer is vouched for by one bit (AD).  It counts only from servers on this
 * host, since between hosts anybody could set it, and only from those that
 * validate: a test asks for a name whose signature is broken, which such a
 * server does not resolve, and a signed one, for which it vouches.
 */
#ifndef OWL_DNSSEC_H
#define OWL_DNSSEC_H

#include "lib/log.h"
#include "lib/text.h"

enum dnssec_state {
  DNSSEC_TRUSTED,
  DNSSEC_UNKNOWN, /* the test had no answer: what vouches is believed, so that who stops the test wins nothing */
  DNSSEC_NO,      /* they do not validate */
  DNSSEC_ELSEWHERE, /* for now: it is looked at again each time */
  DNSSEC_OFF      /* the site wants none */
};

/* What owl-rspawn found out, for those that it starts. */
#define DNSSEC_VARIABLE "OWLPOST_DNSSEC"

struct dnssec {
  struct text names; /* the signed one, a blank, the broken one; or "off" */
  unsigned limit_s;  /* of each look-up */
  bool is_tested;
  enum dnssec_state state;
  const char *why; /* static: of what is not DNSSEC_TRUSTED */
};

/* dnssec_test(): asks the name servers. */
void dnssec_test(struct dnssec *d);

/* dnssec_is_trusted(): whether what vouches is to be believed; tests when
 * nobody has.  That the servers are on this host is seen to each time: they are
 * those that resolv.conf names now (remote/query.h).  That this cannot be seen now
 * changes nothing. */
bool dnssec_is_trusted(struct dnssec *d);

/* dnssec_word(): the finding, for the variable: "yes", "no", "elsewhere", or "". */
#define DNSSEC_WORD_ELSEWHERE "elsewhere"
const char *dnssec_word(const struct dnssec *d);

/* dnssec_names_are_valid(): of the control file. */
bool dnssec_names_are_valid(struct text names);

/* dnssec_report(): a line for the log, where there is something to say. */
void dnssec_report(const struct dnssec *d, struct log *l);

#endif
