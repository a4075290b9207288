/* saslguard.h - SASL's other half: in the process that may ask owl-authd
 *
 * A talker's questions (lib/sasl.h) become questions to owl-authd
 * (lib/credential.h).  The guard makes CRAM-MD5's challenge and SCRAM's nonce,
 * and writes SCRAM's AuthMessage itself, with the channel binding that the TLS
 * facts have (RFC 5802 3, 6; RFC 9266; RFC 5929): what the talker says of them
 * does not count.  Questions are hostile.
 */
#ifndef OWL_SASLGUARD_H
#define OWL_SASLGUARD_H

#include "lib/credential.h"
#include "lib/sasl.h"

struct saslguard {
  /* set by the owner; views, which stay */
  const char *rundir;
  const char *host;                /* for CRAM-MD5's challenge */
  struct credential_request about; /* service, addresses, ports, TLS */
  const char *exporter, *endpoint; /* hexadecimal channel bindings; NULL or "": none */
  struct text certificate, certificate_name; /* of the client, verified; absent: none */
  unsigned allowed;                /* enum sasl_mechanism, a set: what the site allows on this connection */

  unsigned offered; /* of these, what owl-authd can do */
  bool offers_apop; /* it can do this, too */
  unsigned step;
  enum sasl_mechanism mechanism; /* of the exchange under way */
  bool is_linked;
  struct credential_link link;
  stralloc challenge, nonce, message, binding;
};

struct saslguard_answer {
  struct result result;  /* class, status and text; they and user hold until the next call */
  struct text challenge; /* for the client; absent: none */
  struct text user;      /* where the exchange is over, and well: who it is, */
  struct text pass;      /* and where the service is a mailbox's: lib/pass.h */
};

/* saslguard_offer(): finds what may be offered, and stores it.  0, or -1 with
 * errno: owl-authd does not answer, nothing can be offered. */
int saslguard_offer(struct saslguard *g);

/* saslguard_ask(): 0, or -1: a question that no sound talker asks. */
int saslguard_ask(struct saslguard *g, const struct sasl_question *q, struct saslguard_answer *a);

/* saslguard_apop(): POP3's, outside of SASL: whether digest is that of stamp and the user's
 * secret (RFC 1939 7). */
void saslguard_apop(struct saslguard *g, struct text user, struct text stamp, struct text digest,
                    struct saslguard_answer *a);

/* saslguard_stamp(): a challenge that is used once, "<RANDOM.SECONDS@HOST>" (RFC 2195 2,
 * RFC 1939 7); *out is overwritten.  0; -1 without memory or random numbers: *out is empty. */
int saslguard_stamp(stralloc *out, const char *host, uint64_t wall_us);

/* saslguard_drop(): the exchange under way, if there is one, is over. */
void saslguard_drop(struct saslguard *g);

void saslguard_free(struct saslguard *g);

#endif
