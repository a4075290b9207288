/* secure.h - TLS on the client's connection, by owl-tlsd
 *
 * A talker that is granted it says so to the client, and ends.  Then owl-tlsd
 * gets the connection, and the next talker begins on the plaintext that comes
 * back (RFC 2595 4).
 */
#ifndef OWL_LOGIN_SECURE_H
#define OWL_LOGIN_SECURE_H

#include "login/doorkeeper.h"

/* login_secure_grant(): for the request TLS. */
struct result login_secure_grant(struct login_doorkeeper *k);

/* login_secure_begin(): shakes hands on the connection network.  The descriptor of
 * the plaintext, close-on-exec, or -1: the log says why, and the connection is of no more use. */
int login_secure_begin(struct login_doorkeeper *k, int network);

void login_secure_close(struct login_doorkeeper *k);

#endif
