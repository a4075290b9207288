/* staple.h - an OCSP answer from a file (RFC 6960), to be shown with the certificate */
#ifndef OWL_TLS_STAPLE_H
#define OWL_TLS_STAPLE_H

#include "tls/identity.h"

enum { STAPLE_MAX = 64 * 1024 };

/* staple_load(): the file's octets into i->staple, when they are an answer that
 * is in time and says that i->leaf is good.  0, or -1 and why has a sentence. */
int staple_load(struct identity *i, const char *path, time_t now, char why[IDENTITY_WHY]);

/* staple_is_current(): whether the answer may still be shown. */
int staple_is_current(const unsigned char *octets, size_t len, time_t now);

#endif
