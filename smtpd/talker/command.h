/* command.h - the commands of an SMTP session (RFC 5321 4.1), and their replies
 *
 * A command is a function that takes the session and its argument and returns
 * its reply.  It touches nothing else: what needs power is asked of the
 * doorkeeper, through a pointer so that tests can stand in for it.  Lines are
 * hostile.
 */
#ifndef OWL_COMMAND_H
#define OWL_COMMAND_H

#include "lib/door.h"
#include "smtpd/talker/auth.h"
#include "smtpd/talker/bdat.h"
#include "smtpd/talker/complete.h"

enum {
  COMMAND_LINE_MAX = 4096, /* RFC 5321 4.5.3.1.4 asks for 512 and the extensions' parameters */
  COMMAND_HELO_MAX = 255
};

/* Asks, and stores the answer as views that hold until the next question; fd:
 * the answer's descriptor, or -1.  0, or -1: the doorkeeper is gone. */
typedef int ask_fn(void *context, enum door_frame what, const struct door_request *request,
                   struct door_answer *answer, int *fd);

struct session {
  /* set by the owner */
  ask_fn *ask;
  void *context;
  const char *me;
  uint64_t databytes; /* 0: no limit */
  uint64_t maxrecipients, maxtransactions; /* for EHLO, the doorkeeper counts; 0: not told */
  uint64_t maxerrors;
  uint64_t tarpitcount, tarpitdelay_ms; /* of recipients named; count 0: no delay */

  bool may_xclient;       /* the client may say for whom it speaks */
  bool may_etrn;          /* EHLO offers ETRN */
  bool offers_starttls;   /* EHLO offers STARTTLS */
  bool is_secured;        /* TLS is on */
  bool needs_tls;         /* and without it nothing goes that needs no TLS to begin */
  const char *greeting;   /* after XCLIENT, again */

  struct auth auth;
  bool completes;         /* messages get the fields that they lack */

  bool greeted, esmtp, in_transaction, has_recipient;
  bool binary;            /* BODY=BINARYMIME: by BDAT only */
  bool smtputf8;          /* of the transaction */
  struct bdat bdat;
  stralloc helo, address; /* address: of the command under way */
  stralloc decoded;       /* of its parameters */
  stralloc text;          /* of the reply to EHLO */
  uint64_t named;   /* recipients, since the last message was taken */
  uint64_t pause_ms; /* before the reply to this command */
  uint64_t errors;        /* commands refused since the last message was taken */
  bool data_is_open;
  int data_fd;            /* while it is: where the message goes */
  stralloc sender, message_id; /* of the transaction, where it completes */
};

/* command_run(): runs one line.  The reply's texts hold until the next call. */
struct reply command_run(struct session *s, struct text line);

/* command_continue(): a line that belongs to the command before it, whose reply
 * had NEXT_AUTH; command_overflow(): it was too long, or not a line. */
struct reply command_continue(struct session *s, struct text line);
struct reply command_overflow(struct session *s, struct reply r);

/* command_ends_group(): whether the reply to this line must leave at once
 * (RFC 2920 3.2). */
bool command_ends_group(struct text line);

/* command_refuse(): counts a line that could not be read as an error, and
 * returns r or, after too many, the reply that ends the session. */
struct reply command_refuse(struct session *s, struct reply r);

/* command_begin_data(): for DATA and BDAT.  With NEXT_DATA the pipe is open;
 * otherwise the reply refuses. */
struct reply command_begin_data(struct session *s);

/* command_close_data(): closes data_fd, when it is open.  The doorkeeper is
 * told next how the message ended. */
void command_close_data(struct session *s);

/* command_drop_transaction(): tells the doorkeeper.  A reply of code 250, or
 * one that ends the session. */
struct reply command_drop_transaction(struct session *s);

/* command_end_transaction(): after the data, whatever became of it. */
void command_end_transaction(struct session *s, bool accepted);

void session_free(struct session *s);

#endif
