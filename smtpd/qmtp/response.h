/* response.h - what QMTP and QMQP say of a message: K, Z or D and a text
 *
 * The letter is that of the reply code: 2yz, 4yz or 5yz.  The text is cleaned
 * and cut, and a refusal has its RFC 3463 code behind it: "(#5.7.1)".
 */
#ifndef OWL_RESPONSE_H
#define OWL_RESPONSE_H

#include "smtpd/talker/reply.h"

enum { RESPONSE_TEXT_MAX = 400 };

/* Appends it, without the netstring around it.  0, or -1 without memory. */
int response_cat(stralloc *out, const struct reply *r);

#endif
