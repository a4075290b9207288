/* relay.h - carry octets between a TLS session and a plaintext socket
 *
 * relay_run(): until both directions have ended, or the plaintext's other end is
 * closed.  One buffer of RELAY_OCTETS each way, so that who does not read makes
 * the other side wait.  An end is passed on: close_notify from the peer, or its
 * end of file, shuts the plaintext's writing side; the caller's end becomes
 * close_notify and the end of the network's writing side.  Then the peer has
 * RELAY_LINGER_MS to take it and to end, too.  What the peer sent and our side has
 * not answered after RELAY_ANSWER_MS is acknowledged (TCP_QUICKACK).  Time is
 * otherwise the caller's to limit.
 */
#ifndef OWL_TLS_RELAY_H
#define OWL_TLS_RELAY_H

#include <openssl/ssl.h>

enum { RELAY_OCTETS = 16384, RELAY_LINGER_MS = 5000, RELAY_ANSWER_MS = 1 };

void relay_run(SSL *ssl, int network, int plain);

#endif
