/* command.h - MAIL and RCPT with the parameters that the server understands */
#ifndef OWL_REMOTE_COMMAND_H
#define OWL_REMOTE_COMMAND_H

#include "remote/smtp.h"

/* What one message's MAIL has to say. */
struct mail_terms {
  const struct envelope *envelope;
  uint64_t size; /* for SIZE; 0: nothing is said about it */
  uint64_t body; /* for BODY: enum envelope_body */
  bool utf8;     /* it cannot go without SMTPUTF8 */
};

/* Both append a whole command.  False: no memory. */
bool command_put_mail(stralloc *out, const struct offer *o, const struct mail_terms *m);
bool command_put_rcpt(stralloc *out, const struct offer *o, const struct envelope_recipient *r);

#endif
