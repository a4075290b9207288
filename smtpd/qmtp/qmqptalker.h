/* qmqptalker.h - speaks QMQP (cr.yp.to/proto/qmqp.html) with a client
 *
 * One netstring around message, sender and recipients; one response.  The
 * message goes to all of its recipients or to none; the response is that to
 * the first that is refused.
 */
#ifndef OWL_QMQPTALKER_H
#define OWL_QMQPTALKER_H

#include "smtpd/qmtp/letter.h"

enum { QMQP_ENVELOPE_OCTETS_MAX = 8388608 }; /* sender and recipients, with lengths and commas */

enum talker_end qmqptalker_run(struct letter *l);

#endif
