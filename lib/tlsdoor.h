/* tlsdoor.h - the caller's side of owl-tlsd's socket (lib/tlswire.h, owlpost-tls(7))
 *
 * tlsdoor_connect(): a connection to owl-tlsd, or -1 with errno.  tlsdoor_ask(): on it hands
 * owl-tlsd a copy of the descriptor network, asks for r, and waits for the
 * facts, all of it within limit_ms (over 0).  0: the connection now carries the
 * plaintext (a stream socket, close-on-exec, it blocks), and nothing of it has
 * been read; -1: it is of no more use, but still the caller's to close.  After a
 * failure facts->ok is 0, facts->error a sentence, and facts->temporary says
 * whether it may go well later.  The caller keeps network, and closes it: while
 * a copy is open the peer sees no end.  r->limit_s of 0 becomes what is left of
 * limit_ms.
 *
 * tlsdoor_open(): both; the descriptor of the plaintext, or -1.
 *
 * tlsdoor_serve(): the same for a client's connection, of whom a certificate is asked
 * for where peer_asked.  *door is a connection that is there before, or -1; while
 * hands are shaken it is the connection, which a signal handler may shut down, and
 * then -1.
 *
 * tlsdoor_is_there(): whether owl-tlsd's socket is; it costs one system call and
 * does not tell whether anybody listens.
 *
 * rundir is that of the control files.  What comes back is hostile: it is from
 * a process that reads the network.  Facts hold no control octets.
 */
#ifndef OWL_TLSDOOR_H
#define OWL_TLSDOOR_H

#include "lib/tlswire.h"

int tlsdoor_connect(const char *rundir);
int tlsdoor_ask(int sock, struct tls_request *r, int network, struct tls_facts *facts, int limit_ms);
int tlsdoor_open(const char *rundir, struct tls_request *r, int network, struct tls_facts *facts,
                 int limit_ms);
int tlsdoor_serve(volatile int *door, const char *rundir, bool peer_asked, int network, struct tls_facts *facts,
                  int limit_ms);

bool tlsdoor_is_there(const char *rundir);

/* tlsdoor_serves(): the same, and whether owl-tlsd has a certificate for TLS_SERVER. */
bool tlsdoor_serves(const char *rundir);

#endif
