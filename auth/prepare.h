/* prepare.h - passwords as they are compared: SASLprep (RFC 4013)
 *
 * prepare_password(): appends the prepared form: what is ASCII, and what is not
 * UTF-8, as it is; else other spaces as spaces, what is mapped to nothing
 * left out, and NFKC.  Octets that the form forbids pass: they are somebody's
 * password already.  0, or -1 without memory.
 */
#ifndef OWL_AUTH_PREPARE_H
#define OWL_AUTH_PREPARE_H

#include "lib/text.h"

int prepare_password(stralloc *out, struct text password);

#endif
