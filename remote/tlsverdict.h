/* tlsverdict.h - whether a next hop gets mail by TLS, and what its certificate is asked
 *
 * A function of its arguments: policy of this site (remote/tlspolicy.h), what
 * the recipient's domain publishes (DANE: RFC 7672; MTA-STS: RFC 8461), and what the message
 * asks for (RFC 8689).  tlsverdict_plan() decides before a server is spoken to, for one host;
 * tlsverdict_after() when it did not come to that.  DANE wins over MTA-STS (RFC 8461 2).
 *
 * A demand that the recipient's domain or the site makes is never met by less: then another host, or later.
 */
#ifndef OWL_TLSVERDICT_H
#define OWL_TLSVERDICT_H

#include <stdbool.h>
#include "lib/result.h"
#include "lib/sts.h"
#include "lib/tlswire.h"

/* tlspolicy's (owlpost-control(5)). */
enum tls_level { LEVEL_NONE, LEVEL_MAY, LEVEL_ENCRYPT, LEVEL_VERIFY, LEVEL_FINGERPRINT, LEVEL_DANE, LEVEL_STS, TLS_LEVELS };

/* The TLSA records of a host whose name and addresses DNSSEC vouches for. */
enum tlsa_state {
  TLSA_ABSENT,   /* none, or not vouched for, or not asked for */
  TLSA_USABLE,   /* of usage 2 or 3, vouched for */
  TLSA_UNUSABLE, /* vouched for, but none is one that we can compare with (RFC 7672 2.2) */
  TLSA_FAILED    /* no answer, or a false one */
};

struct tls_case {
  enum tls_level level;
  bool is_ours;        /* a line of tlspolicy names the level */
  bool host_is_secure; /* the site or DNSSEC says that this host takes the domain's mail */
  enum tlsa_state tlsa;
  enum sts_mode sts;
  bool sts_names_host;
  bool sts_unknown;    /* STS_NONE: only since it could not be found out whether there is a policy, */
  bool sts_unreadable; /* or since the files cannot be read, which may hold one */
  bool requiretls;   /* the message's: REQUIRETLS, */
  bool tls_optional; /* or the field "TLS-Required: No" */
  bool is_implicit;  /* TLS from the first octet (RFC 8314) */
  bool has_tlsd;
};

enum tls_action {
  TLS_PLAIN, /* without TLS */
  TLS_BEGIN, /* with TLS */
  TLS_AVOID  /* not this host: class, status and why say what becomes of the mail if there is no other */
};

struct tls_plan {
  enum tls_action action;
  enum tls_check check; /* with TLS_BEGIN */
  bool must;            /* nothing is sent without it */
  enum result_class class;
  const char *status;   /* RFC 3463 */
  const char *by;       /* with TLS_BEGIN: "names", "fingerprint", "dane", "sts": what verifies the host */
  const char *why;      /* static: what has decided, the end of a sentence */
};

struct tls_plan tlsverdict_plan(const struct tls_case *c);

/* What did not work. */
enum tls_failure {
  TLS_NOT_OFFERED, /* STARTTLS is not in the answer to EHLO */
  TLS_REFUSED,     /* it was offered, and answered with an error */
  TLS_FAILED       /* no handshake, or not the certificate that is wanted */
};

enum tls_next {
  NEXT_PLAIN,      /* go on in this session, which is not damaged, without TLS */
  NEXT_PLAIN_ANEW, /* the same host again, without TLS */
  NEXT_UNCHECKED,  /* the same host again, with TLS and no question */
  NEXT_HOST        /* nothing can be sent to this host */
};

enum tls_next tlsverdict_after(const struct tls_plan *p, enum tls_failure f);

/* "none", "may"...; tls_level_find(): TLS_LEVELS when there is no such level. */
const char *tls_level_name(enum tls_level level);
enum tls_level tls_level_find(struct text name);

#endif
