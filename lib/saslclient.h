/* saslclient.h - the client's half of SASL's mechanisms (RFC 4422)
 *
 * SCRAM-SHA-256-PLUS, SCRAM-SHA-256 (RFC 5802, 7677), CRAM-MD5 (RFC 2195), PLAIN
 * (RFC 4616) and LOGIN.  No I/O: what the server says, decoded from base64,
 * becomes what it is to be told.  The server is hostile: it learns nothing of
 * the password by SCRAM, even where it asks for few iterations, and cannot
 * keep us busy with many.
 */
#ifndef OWL_SASLCLIENT_H
#define OWL_SASLCLIENT_H

#include "lib/sasl.h"

enum {
  SASLCLIENT_CHALLENGE_MAX = 2048,
  SASLCLIENT_ITERATIONS_MIN = 4096, /* RFC 7677 4 */
  SASLCLIENT_ITERATIONS_MAX = 1000000
};

struct saslclient {
  /* set by the owner; views, which stay */
  struct text user, password;
  const char *exporter, *endpoint; /* the channel's bindings (lib/tlswire.h); NULL or "": none */

  struct text message; /* to be sent; absent: nothing */
  enum sasl_mechanism mechanism;
  unsigned step;
  bool is_proven; /* SCRAM: the server has shown that it knows us */
  stralloc out, first, header, nonce, signature; /* first: client-first-message-bare; header: GS2, and binding */
};

enum saslclient_status {
  SASLCLIENT_OK,        /* message is to be sent */
  SASLCLIENT_MALFORMED, /* the server's challenge is none, or asks for what we do not do */
  SASLCLIENT_FORGED,    /* the server does not know the password, or somebody is between us */
  SASLCLIENT_NO_MEMORY
};

/* saslclient_choose(): the strongest of those offered (sasl_set()); in_clear:
 * whether the password may be shown, by PLAIN and LOGIN.  false: none. */
bool saslclient_choose(const struct saslclient *c, unsigned offered, bool in_clear, enum sasl_mechanism *m);

/* saslclient_begin(): message: the initial response, or absent.  nonce: printable octets without
 * a comma, never used before (SCRAM). */
enum saslclient_status saslclient_begin(struct saslclient *c, enum sasl_mechanism m, struct text nonce);

/* saslclient_take(): what the server says. */
enum saslclient_status saslclient_take(struct saslclient *c, struct text challenge);

/* saslclient_may_end(): whether a server's word that all is well may be believed. */
bool saslclient_may_end(const struct saslclient *c);

/* saslclient_free(): wipes what was made of the password. */
void saslclient_free(struct saslclient *c);

#endif
