/* bounce.h - the message that tells of failures (RFC 3464, RFC 6522)
 *
 * Three parts: text for people in QSBMF's classic form, the delivery status,
 * and the message that failed, whole or its header.
 */
#ifndef OWL_BOUNCE_H
#define OWL_BOUNCE_H

#include "queue/message.h"
#include "queue/settings.h"

/* bounce_id(): the queue id of the number-th DSN about a message: always the
 * same, so that a crash cannot make a second one. */
void bounce_id(struct queueid *id, const struct queueid *parent, uint64_t number);

/* bounce_wanted(): whether this recipient's failure is to be told: it failed,
 * has not been told, and the sender asked for it (RFC 3461 4.1). */
bool bounce_wanted(const struct message *m, size_t recipient);

/* bounce_write(): appends the whole DSN, LF line ends, for the recipients that
 * bounce_wanted() names.  to is its envelope recipient; *eightbit says whether
 * it holds octets above 127, and then it says so itself.  0, or -1 with errno. */
int bounce_write(stralloc *out, const struct message *m, const struct queueid *id,
                 const struct settings *s, struct text to, uint64_t now_us, bool *eightbit);

#endif
