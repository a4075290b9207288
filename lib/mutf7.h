/* mutf7.h - names of mailboxes as IMAP writes them (RFC 3501 5.1.3), and
 * Maildir++ its folders
 *
 * Printable ASCII stands for itself but '&', which is "&-"; the rest is UTF-16
 * in a base64 of its own between '&' and '-'.
 *
 * mutf7_encode(): appends the name, which is UTF-8.  0, or -1: not UTF-8, or a
 * control character (then nothing is appended), or no memory.  Hostile input.
 */
#ifndef OWL_MUTF7_H
#define OWL_MUTF7_H

#include "lib/text.h"

int mutf7_encode(stralloc *out, struct text name);

#endif
