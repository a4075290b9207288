/* door.h - what the talker of a log-in may ask of its doorkeeper (owlpost-door(7))
 *
 * One request at a time, one ANSWER each.  An answer's class says whether it
 * is granted, and its text is what the client is told.  Requests are hostile:
 * one that asks out of turn, or has what its kind does not allow, ends the
 * session.
 */
#ifndef OWL_LOGIN_DOOR_H
#define OWL_LOGIN_DOOR_H

#include "lib/frame.h"
#include "lib/result.h"
#include "lib/sasl.h"

enum logindoor_frame {
  LOGINDOOR_OFFER = 1, /* how can one log in here? */
  LOGINDOOR_AUTH = 2,  /* MECHANISM, AUTH_USER, SECRET, ATTRIBUTES, BINDING: a question of lib/sasl.h */
  LOGINDOOR_APOP = 3,  /* AUTH_USER, RESPONSE: the digest of the greeting's time stamp and the secret */
  LOGINDOOR_OPEN = 4,  /* UTF8, LANGUAGE: give the client to its session; who has logged in waits for nothing else */
  LOGINDOOR_TLS = 5,   /* what comes next is TLS */
  LOGINDOOR_ANSWER = 6
};

enum { LOGINDOOR_FRAME_MAX = 16384, LOGINDOOR_CHALLENGE_MAX = 1024 };

extern const struct frame_protocol logindoor_protocol;

struct logindoor_request {
  struct text mechanism, user, secret, attributes, binding; /* AUTH */
  struct text response;                                     /* APOP */
  bool utf8;                                                /* OPEN: as lib/mailboxdoor.h has them */
  struct text language;
};

struct logindoor_answer {
  struct result result;
  bool ends_session;     /* after this reply hang up */
  struct text challenge; /* AUTH: for the client; OFFER: APOP's time stamp, absent: there is no APOP */
  struct text offered;   /* OFFER: names of SASL, with blanks between */
};

/* Encoders append a payload: 0, or -1 with record_put()'s errno. */
int logindoor_put_request(stralloc *out, const struct logindoor_request *r);
int logindoor_put_answer(stralloc *out, const struct logindoor_answer *a);

/* Decoders make views into the payload: 0, or -1 with errno EPROTO. */
int logindoor_read_request(struct logindoor_request *r, unsigned kind, struct text payload);
int logindoor_read_answer(struct logindoor_answer *a, struct text payload);

#endif
