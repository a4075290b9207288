/* base64.h - RFC 4648 4, as SASL's exchanges over SMTP, POP3 and IMAP carry it
 *
 * base64_cat(): appends the encoded form.  0, or -1 without memory.
 *
 * base64_decode(): appends the octets meant.  0, or -1: something else than
 * whole groups of four digits, padded at the end (RFC 4954 4: no blank, no
 * other octet, is passed over), or no memory.  Hostile input; out may hold a
 * part then.
 */
#ifndef OWL_BASE64_H
#define OWL_BASE64_H

#include "lib/text.h"

int base64_cat(stralloc *out, struct text octets);
int base64_decode(stralloc *out, struct text base64);

#endif
