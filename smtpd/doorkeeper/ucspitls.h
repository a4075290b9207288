/* ucspitls.h - TLS by the server in front: UCSPI-TLS, as sslserver -n has it
 *
 * The server leaves three descriptors and their numbers in SSLCTLFD, SSLREADFD and
 * SSLWRITEFD.  Y on the first one makes it shake hands; then it sends
 * NAME=VALUE, each ended by a NUL, and one NUL more, and passes plaintext through
 * the others.  UCSPITLS set, but not to "-", is the operator's leave to offer it;
 * "!" asks for it.
 *
 * The server is trusted as it is with the client's address; yet it has read the
 * network, and what it sends is checked.
 */
#ifndef OWL_UCSPITLS_H
#define OWL_UCSPITLS_H

#include "lib/tlswire.h"

struct ucspitls {
  bool is_there, is_needed;
  int control, in, out; /* all -1 without it; close-on-exec */
};

/* ucspitls_find(): takes it out of the environment. */
void ucspitls_find(struct ucspitls *u);

/* ucspitls_begin(): asks for it.  0: in and out carry the plaintext, *f has the
 * facts, and the variables SSL_... and TLS_... are in the environment; -1:
 * f->error says why.  control is closed. */
int ucspitls_begin(struct ucspitls *u, struct tls_facts *f, int limit_ms);

/* ucspitls_is_on(): the server shook hands before it started us, as its variables
 * say: *f has the facts. */
bool ucspitls_is_on(struct tls_facts *f);

/* ucspitls_take(): facts and, unless they are NULL, environment of what the server
 * has sent: NAME=VALUE, each ended by a NUL.  Hostile.  Names other than SSL_...
 * and TLS_..., and values with control octets are passed over.  false: no memory. */
bool ucspitls_take(struct tls_facts *f, const char *octets, size_t len);

void ucspitls_close(struct ucspitls *u);

#endif
