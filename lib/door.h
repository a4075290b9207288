/* door.h - what a talker may ask of its doorkeeper, and what delivery is asked
 * about a recipient (owlpost-door(7))
 *
 * Talker to doorkeeper: one request at a time, one ANSWER each.  An answer's
 * class says whether it is granted; its text and codes are what the client is
 * told.  The answer to DATA carries the descriptor that the message is written
 * to, LF line ends, dots unstuffed.
 *
 * Doorkeeper to local spawner: QUESTION, and one ANSWER.
 *
 * Every request is hostile: the doorkeeper checks it against what it granted.
 */
#ifndef OWL_DOOR_H
#define OWL_DOOR_H

#include "lib/envelope.h"
#include "lib/frame.h"
#include "lib/result.h"
#include "lib/sasl.h"

enum door_frame {
  DOOR_MAIL = 1,     /* HELO, PROTOCOL, SENDER and terms: may this transaction begin? */
  DOOR_RCPT = 2,     /* RECIPIENT_ADDRESS and terms: may this recipient be taken? */
  DOOR_DATA = 3,     /* a place for the data, please */
  DOOR_COMPLETE = 4, /* OCTETS: the data is complete, all of it is in the pipe */
  DOOR_ABORT = 5,    /* drop the transaction, with or without data under way; STATUS: why */
  DOOR_TLS = 6,      /* STARTTLS */
  DOOR_AUTH = 7,     /* MECHANISM, AUTH_USER, SECRET, ATTRIBUTES, BINDING: a question of lib/sasl.h; none: what is offered? */
  DOOR_QUESTION = 8, /* RECIPIENT_ADDRESS: would this local address be delivered? */
  DOOR_ANSWER = 9,
  DOOR_PROXY = 10,   /* the client by the PROXY protocol: CLIENT_ADDRESS, CLIENT_PORT, LOCAL_... */
  DOOR_XCLIENT = 11, /* the client by XCLIENT: what of these is named, CLIENT_NAME, AUTH_USER */
  DOOR_ETRN = 12     /* NODE: try now what waits for it */
};

enum { DOOR_FRAME_MAX = 16384, DOOR_SECRET_MAX = SASL_SECRET_MAX, DOOR_CHALLENGE_MAX = 1024, DOOR_MESSAGE_ID_MAX = 320 };

extern const struct frame_protocol door_protocol;

struct door_request {
  struct envelope envelope; /* the members that the request names */
  uint64_t octets;          /* COMPLETE; MAIL: the size that the client declares */
  struct text status;       /* ABORT: the enhanced status code of the reply that the client gets */
  struct text local_address;
  uint64_t local_port;
  struct text node;              /* ETRN (lib/terms.h) */
  struct text mechanism, secret, attributes, binding; /* AUTH; the user is envelope.auth_user */
};

struct door_answer {
  struct result result; /* reply_code, status and text make the SMTP reply */
  bool ends_session;    /* after this reply hang up */
  bool may_etrn;        /* PROXY, XCLIENT: the client that was named */
  struct text challenge;  /* AUTH: for the client; or what is offered, names with blanks between */
  struct text message_id; /* DATA, where missing fields are added: one that no other message has */
};

/* Encoders append a payload: 0, or -1 with record_put()'s errno. */
int door_put_request(stralloc *out, const struct door_request *r);
int door_put_answer(stralloc *out, const struct door_answer *a);

/* Decoders make views into the payload: 0, or -1 with errno EPROTO.  After door_read_request()
 * free the envelope. */
int door_read_request(struct door_request *r, struct text payload);
int door_read_answer(struct door_answer *a, struct text payload);

#endif
