/* trace.h - the Received field that the doorkeeper puts in front of a message
 * (RFC 5321 4.4)
 *
 *   Received: from HELO (NAME [ADDRESS])
 *     by ME with PROTOCOL (user USER) id NUMBER; DATE
 *
 * and under TLS, in place of the last semicolon, a line break and
 * "tls CIPHER (VERSION); DATE" (RFC 8314 4.3).
 *
 * What the client says of itself is cut, and every octet that could end the
 * name or begin a comment becomes '?'.
 */
#ifndef OWL_TRACE_H
#define OWL_TRACE_H

#include "lib/envelope.h"
#include "lib/tlswire.h"
#include "lib/client.h"

/* trace_protocol(): its name by what is granted: QMTP, QMQP, SMTP after
 * HELO, else that of RFC 3848 or RFC 6531 4.3. */
const char *trace_protocol(const struct envelope *e);

/* Appends the field, LF line ends; tls: NULL without.  0, or -1 without memory. */
int trace_cat(stralloc *out, const struct client *c, struct text helo, struct text protocol,
              struct text me, uint64_t number, const struct tls_facts *tls, uint64_t wall_us);

#endif
