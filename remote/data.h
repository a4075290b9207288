/* data.h - the message's text, and what the server answers to it
 *
 * SMTP has one answer for all recipients that were accepted; LMTP has one for
 * each of them, in the order of their RCPTs (RFC 2033 4.2).
 */
#ifndef OWL_DATA_H
#define OWL_DATA_H

#include "remote/smtp.h"

/* data_send(): behind the reply to DATA.  accepted: how many recipients are in
 * that state. */
enum smtp_end data_send(struct smtp *s, const struct transaction *t, size_t accepted);

/* data_send_chunk(): the same by BDAT (RFC 3030), with its command: one chunk of
 * this size. */
enum smtp_end data_send_chunk(struct smtp *s, const struct transaction *t, size_t accepted,
                              uint64_t size);

/* data_send_octets(): behind what waits to be sent, the message in lines that end
 * with CRLF, exactly size octets.  false: the session is closed, and s->verdict
 * says why. */
bool data_send_octets(struct smtp *s, const struct body *b, uint64_t size);

/* data_unreadable(): the body cannot be read: a deferral with errno, and the
 * session is closed.  false. */
bool data_unreadable(struct smtp *s);

#endif
