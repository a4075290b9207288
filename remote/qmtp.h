/* qmtp.h - the client's side of QMTP (cr.yp.to/proto/qmtp.txt), on a connected descriptor
 *
 * No greeting, no questions: message, sender and recipients, then an answer for each
 * recipient in turn.  A session takes one message after the other.  Answers are
 * hostile: bounded in size and time.
 */
#ifndef OWL_REMOTE_QMTP_H
#define OWL_REMOTE_QMTP_H

#include "remote/smtp.h"

/* qmtp_send(): as smtp_send(). */
enum smtp_end qmtp_send(struct smtp *s, const struct transaction *t);

#endif
