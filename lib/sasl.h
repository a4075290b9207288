/* sasl.h - the server's half of SASL's mechanisms (RFC 4422), as a shut-in talker runs it
 *
 * PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195), SCRAM-SHA-256 and -PLUS (RFC
 * 5802, 7677) and EXTERNAL (RFC 4422 A).  No I/O, and no secret but what the
 * client says: its messages, decoded from base64, become questions to the
 * process that may ask owl-authd (lib/saslguard.h), whose answers bring what the
 * client is to be told.  Nonces and challenges are made there, and channel
 * bindings known there only: a subverted talker can neither replay what it saw
 * nor log in anybody who has not just said the secret.
 *
 * Messages are hostile.  User names are UTF-8 without control octets, taken as
 * they are (doc/violations.md: no SASLprep).
 */
#ifndef OWL_SASL_H
#define OWL_SASL_H

#include "lib/text.h"

enum sasl_mechanism { /* the strongest first */
  SASL_EXTERNAL,
  SASL_SCRAM_SHA_256_PLUS,
  SASL_SCRAM_SHA_256,
  SASL_CRAM_MD5,
  SASL_PLAIN,
  SASL_LOGIN,
  SASL_MECHANISM_COUNT
};

#define SASL_ALL ((1u << SASL_MECHANISM_COUNT) - 1)

enum {
  SASL_USER_MAX = 255,
  SASL_SECRET_MAX = 1024,
  SASL_ATTRIBUTES_MAX = 192, /* of SCRAM: the client's nonce and what stands behind it */
  SASL_BINDING_MAX = 600,    /* the GS2 header, with a name in it */
  SASL_MESSAGE_MAX = 9216    /* RFC 4954 4: a line of 12288 octets, decoded */
};

const char *sasl_name(enum sasl_mechanism m);

/* sasl_find(): the mechanism of that name, in any case; false: none of ours.
 * sasl_set(): a bit (1 << mechanism) for each of the names, blanks between
 * them; others are passed over.  sasl_cat_set(): the names, a blank before
 * each.  0, or -1 without memory. */
bool sasl_find(struct text name, enum sasl_mechanism *m);
unsigned sasl_set(struct text names);
int sasl_cat_set(stralloc *out, unsigned set);

/* What is asked; views into the struct sasl. */
struct sasl_question {
  struct text mechanism;
  struct text user;       /* absent: EXTERNAL leaves it to the certificate; CRAM-MD5 asks for its challenge */
  struct text secret;     /* the password; CRAM-MD5: the digest in hexadecimal; SCRAM: ClientProof, decoded */
  struct text attributes; /* SCRAM: "r=NONCE" and what follows it, up to the proof */
  struct text binding;    /* SCRAM's first: the GS2 header */
};

enum sasl_next {
  SASL_SEND,     /* challenge to the client; take its answer */
  SASL_ASK,      /* question to the guard */
  SASL_OVER,     /* the client is who it says */
  SASL_REFUSED,  /* it is not: the guard's answer says why */
  SASL_FOREIGN,  /* it wants to act for somebody else */
  SASL_MALFORMED,
  SASL_NO_MEMORY
};

struct sasl {
  enum sasl_mechanism mechanism;
  unsigned step;
  struct text challenge;         /* SASL_SEND: a view, into this or what sasl_answered() was given */
  struct sasl_question question; /* SASL_ASK */
  stralloc user, secret, attributes, binding;
};

/* sasl_begin(): initial: the client's first message; absent: none was sent with
 * the command.  *s is zeroed, or freed, or was used before. */
enum sasl_next sasl_begin(struct sasl *s, enum sasl_mechanism m, struct text initial);

/* sasl_take(): the answer to what was sent. */
enum sasl_next sasl_take(struct sasl *s, struct text message);

/* sasl_answered(): what the guard says: granted or not, and a challenge for the
 * client or none (absent). */
enum sasl_next sasl_answered(struct sasl *s, bool granted, struct text challenge);

/* sasl_free(): wipes what was said. */
void sasl_free(struct sasl *s);

/* sasl_is_user(): whether it may be a user's name. */
bool sasl_is_user(struct text name);

/* sasl_cat_name(): a user name as SCRAM writes it (saslname: "," is =2C, "=" is
 * =3D).  0, or -1 without memory. */
int sasl_cat_name(stralloc *out, struct text user);

#endif
