/* resume.h - how a child gets its session and gives back new ones
 *
 * Between the process that keeps sessions and each child that is a client lies a
 * SOCK_SEQPACKET pair.  The child's first packet, before it reads anything from
 * the network, is a key (sessions.h); the answer is one packet, 'S' and the
 * session's octets, none where there is none.  Each later packet of the child, 'S'
 * and octets, is a session to keep under that key.  A child that is subverted can
 * neither ask a second time nor name another key.
 */
#ifndef OWL_TLS_RESUME_H
#define OWL_TLS_RESUME_H

#include <openssl/ssl.h>
#include "tls/sessions.h"

enum {
  RESUME_PACKET = 1 + SESSIONS_MAX,
  RESUME_PUTS = 8,   /* of one child; a server sends a few tickets per connection */
  RESUME_WAIT_MS = 1000
};

/* ---- who keeps; zeros at first */
struct resume_seat {
  bool asked;
  unsigned puts;
  unsigned char key[SESSIONS_KEY];
  uint64_t checked_s; /* of the session that was handed out, or of the handshake that is now done without one */
};

/* resume_serve(): one packet, which is hostile.  What is to be answered is stored
 * in answer (RESUME_PACKET octets).  Its length; 0: nothing; -1: close the socket. */
int resume_serve(struct resume_seat *seat, struct sessions *s, const unsigned char *packet, size_t len,
                 unsigned char *answer, uint64_t now_s);

/* ---- the child */

/* Once per context: sessions that servers give are sent through the descriptor
 * that resume_begin() was given for the SSL. */
void resume_prepare(SSL_CTX *context);

/* Asks for the session, waits RESUME_WAIT_MS at most, and goes on without one
 * where something fails.  *fd must live as long as ssl; it is closed, and -1, where
 * no session is to be kept, so that a key cannot be named later. */
void resume_begin(SSL *ssl, const struct tls_request *r, int *fd);

#endif
