/* tlsnote.h - what becomes of TLS with a host, for reports to its domain (remote/tlsrpt.h) */
#ifndef OWL_TLSNOTE_H
#define OWL_TLSNOTE_H

#include "remote/tlscase.h"

/* tlsnote_session(): result: empty, or RFC 8460 4.3; why: a sentence; helo: the
 * name by which the server greeted, or absent; fd: the connection, or -1.  What cannot be noted is not: mail does not depend on it. */
void tlsnote_session(const struct tlscase *c, const struct walk *w, const struct walk_target *t, int fd,
                     struct text helo, const char *result, const char *why);

#endif
