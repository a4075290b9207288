/* secure.h - TLS on the client's connection: granted, begun, and what came of it
 *
 * A talker that asks is granted it, says 220 and ends.  Then the doorkeeper gives
 * owl-tlsd the connection, of which nobody of us has read beyond STARTTLS, and
 * the next talker begins anew on the plaintext that comes back (RFC 3207).
 */
#ifndef OWL_SECURE_H
#define OWL_SECURE_H

#include "lib/tlswire.h"
#include "smtpd/doorkeeper/doorkeeper.h"
#include "smtpd/doorkeeper/outcome.h"

enum { SECURE_HANDSHAKE_MS = 60000 };

/* For the request TLS. */
struct outcome secure_grant(struct doorkeeper *k, const struct door_request *r);

/* secure_allows(): false where this kind of request needs TLS that is not there:
 * *o says so. */
bool secure_allows(const struct doorkeeper *k, unsigned type, struct outcome *o);

/* secure_is_granted(): what is to come is TLS. */
bool secure_is_granted(const struct doorkeeper *k);

/* secure_begin(): shakes hands on the connection network, whether a talker has
 * asked for it or the connection begins so.  0: plain gets the descriptors of the
 * plaintext, input and output, one or two; -1: the log says why, and the
 * connection is of no more use.
 * secure_inherit(): the server in front has shaken hands before.  -1 without memory. */
int secure_begin(struct doorkeeper *k, int network, int plain[2]);
int secure_inherit(struct doorkeeper *k);

void secure_close(struct doorkeeper *k);

#endif
