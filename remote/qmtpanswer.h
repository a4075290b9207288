/* qmtpanswer.h - a QMTP server's answer for one recipient
 *
 * A netstring whose first octet decides: K taken, Z later, D refused.  Hostile
 * input.
 */
#ifndef OWL_QMTPANSWER_H
#define OWL_QMTPANSWER_H

#include "remote/verdict.h"

enum { QMTPANSWER_OCTETS_MAX = 10000 };

enum qmtpanswer_status {
  QMTPANSWER_MORE, /* it goes on, as far as can be seen */
  QMTPANSWER_WHOLE,
  QMTPANSWER_MALFORMED /* no netstring, an empty or too long one */
};

/* qmtpanswer_read(): the answer that in starts with: *answer is a view of its
 * octets, at least one; *taken what it occupies. */
enum qmtpanswer_status qmtpanswer_read(struct text in, struct text *answer, size_t *taken);

/* qmtpanswer_judge(): another letter says nothing about the mail: a deferral. */
void qmtpanswer_judge(struct verdict *v, struct text answer);

#endif
