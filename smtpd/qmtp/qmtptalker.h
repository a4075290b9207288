/* qmtptalker.h - speaks QMTP (cr.yp.to/proto/qmtp.txt) with a client
 *
 * Each message has a response for each recipient, in their order; all of them
 * leave when the message is durable, or refused.  What is not formed as the
 * protocol says ends the session without one.
 */
#ifndef OWL_QMTPTALKER_H
#define OWL_QMTPTALKER_H

#include "smtpd/qmtp/letter.h"

enum { QMTP_RECIPIENTS_OCTETS_MAX = 8388608 }; /* of a message, with lengths and commas */

/* qmtptalker_run(): until the session ends.  recipients_max: those behind it are
 * deferred without a question. */
enum talker_end qmtptalker_run(struct letter *l, uint64_t recipients_max);

#endif
