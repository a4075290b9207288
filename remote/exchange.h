/* exchange.h - commands of an SMTP session, and the replies to them
 *
 * What smtp.c, transaction.c and data.c build the session from.  Whatever
 * returns false has closed the session, and s->verdict, a deferral, says why;
 * "where" and "what" name the command for that.
 */
#ifndef OWL_EXCHANGE_H
#define OWL_EXCHANGE_H

#include "remote/smtp.h"

enum { CODE_READY = 220, CODE_START_DATA = 354, CODE_CLOSING = 421, CODE_TOO_MANY = 452, CODE_TOO_MUCH = 552 };

/* exchange_limit(): what is written or read next has this step's time. */
void exchange_limit(struct smtp *s, enum smtp_step step);

/* exchange_put(): appends to what will be written; *ok turns false without
 * memory, and then nothing is appended any more. */
void exchange_put(struct smtp *s, bool *ok, const char *ours);
bool exchange_flush(struct smtp *s, const char *what);

/* exchange_read(): the next reply, whatever it says; with _until() by the
 * deadline (lib/iofd.h), and the session is left as it is.
 * exchange_answered(): the reply to a command before the data; false also for
 * 421, which ends the session whatever was asked (RFC 5321 3.8). */
bool exchange_read(struct smtp *s, const char *where);
enum stream_status exchange_read_until(struct smtp *s, uint64_t deadline, enum reply_status *r);
bool exchange_answered(struct smtp *s, const char *where);

/* exchange_command(): the whole of it, the argument absent or given. */
bool exchange_command(struct smtp *s, const char *verb, struct text argument);

bool exchange_positive(const struct smtp *s);

/* exchange_judge(): s->verdict becomes that of the reply that was read last. */
void exchange_judge(struct smtp *s);

/* exchange_is_busy(): s->verdict is a server's 4yz about itself or its network
 * (RFC 3463: x.3.x, x.4.x), not about the mail: another may do better. */
bool exchange_is_busy(const struct smtp *s);

/* Ends of a session: exchange_lose() for a reason of the connection's,
 * exchange_confused() for a reply that has no place there.  The latter two
 * return false. */
void exchange_lose(struct smtp *s, const char *status, const char *why, const char *where);
const char *exchange_reason(enum stream_status st);
bool exchange_confused(struct smtp *s);
bool exchange_no_memory(struct smtp *s);

#endif
