/* smtp.h - the client's side of an SMTP session (RFC 5321), on a connected descriptor
 *
 * With is_lmtp it is LMTP (RFC 2033): LHLO, and an answer to the data for each
 * recipient.
 *
 * The server's octets are hostile: a reply is bounded in size and time, and
 * one that makes no sense ends the session.  Nothing here opens, looks up or
 * logs anything.
 */
#ifndef OWL_SMTP_H
#define OWL_SMTP_H

#include "lib/envelope.h"
#include "lib/fact.h"
#include "remote/body.h"
#include "remote/offer.h"
#include "remote/stream.h"
#include "remote/verdict.h"

/* What the server is given time for (RFC 5321 4.5.3.2). */
enum smtp_step {
  STEP_GREETING,
  STEP_HELLO,
  STEP_MAIL, /* and RSET */
  STEP_RCPT,
  STEP_DATA,
  STEP_BLOCK, /* one chunk of the message */
  STEP_END,   /* the answer to the whole of it */
  STEP_QUIT,
  SMTP_STEPS
};

/* What of a session others have been through. */
enum smtp_stage {
  STAGE_GREETING, /* nothing */
  STAGE_HELLO,    /* the greeting, or more that no longer counts */
  STAGE_READY,    /* the answer to EHLO, too */
  SMTP_STAGES
};

struct smtp {
  struct stream stream; /* set watched before */
  const int *limits_ms; /* set before: one for each step; the caller's */
  bool is_lmtp;         /* set before */
  bool is_qmtp;         /* set before: remote/qmtp.h, with these functions */
  const struct credentials *credentials; /* set before; NULL: nobody logs in */
  bool is_verified;     /* set before: under TLS, with a certificate that has been checked */
  const char *exporter, *endpoint; /* set before: channel bindings, hexadecimal, or "" */
  struct facts *facts; /* set before; NULL, or who wants to know what is said: as
                        * "command" and "reply", a line each */
  enum smtp_stage stage; /* set before */
  struct text hello;     /* set before; STAGE_READY: the answer to EHLO, lines divided by LF */
  bool open;            /* the session can be used */
  uint64_t transactions; /* that have been begun in it */
  struct offer offer;
  bool needs_reset;
  bool is_our_fault; /* the last session was not lost for the server's sake */
  struct text host, address; /* of the server, the caller's; for verdicts */
  struct reply reply;
  struct verdict verdict; /* why the last call failed */
  stralloc space;
  struct downgrade downgrade;
};

enum recipient_state {
  RECIPIENT_WAITS,    /* not yet answered, or to be asked again */
  RECIPIENT_ACCEPTED, /* waits for the answer to the data */
  RECIPIENT_REPORTED
};

/* One message for some recipients. */
struct transaction {
  const struct envelope *envelope; /* its addresses have been checked; the sender is no mark of a queue's */
  enum recipient_state *states;    /* one for each recipient; those reported are left out */
  struct body body;
  bool asks_only; /* whether the recipients would be taken: nothing is sent, and
                   * what is said about the sender is no answer but a deferral */
  /* report(): what became of recipient number n of the envelope; the verdict is
   * valid during the call only. */
  void (*report)(void *context, size_t n, const struct verdict *v);
  void *context;
};

/* smtp_hello(): a new session on fd, which it takes over: what its stage leaves of greeting, EHLO or
 * HELO, in LMTP LHLO; AUTH where there are credentials.  On false the session is closed and s->verdict, a deferral, says why. */
bool smtp_hello(struct smtp *s, int fd, struct text helohost);

enum smtp_end {
  SMTP_DONE,  /* every recipient is reported; s->open says whether the session goes on */
  SMTP_AGAIN, /* this server would take the recipients who still wait in another session */
  SMTP_LOST   /* this server has not taken the message, and cannot now: s->verdict
               * says why, and recipients may still wait for another server, unless
               * is_our_fault; the session has mostly ended */
};

/* smtp_send(): the message, in as many mail transactions as the server needs
 * for its recipients. */
enum smtp_end smtp_send(struct smtp *s, const struct transaction *t);

/* smtp_report(): a verdict for recipient number n, who is not reported yet;
 * smtp_report_rest(): one for all of those; smtp_report_accepted(): one for all
 * who were accepted. */
void smtp_report(const struct transaction *t, size_t n, const struct verdict *v);
void smtp_report_rest(const struct transaction *t, const struct verdict *v);
void smtp_report_accepted(const struct transaction *t, const struct verdict *v);

/* smtp_quit(): QUIT, and its limit for the answer; closes.  s->verdict stays. */
void smtp_quit(struct smtp *s);

/* smtp_close(): without a word. */
void smtp_close(struct smtp *s);
void smtp_free(struct smtp *s);

#endif
