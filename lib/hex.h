/* hex.h - octets as hexadecimal digits, in lower case
 *
 * hex_cat(): appends two digits an octet.  0, or -1 without memory.
 *
 * hex_decode(): appends the octets meant.  0, or -1: something else than pairs
 * of lower-case digits, or no memory; out may hold a part then.
 */
#ifndef OWL_HEX_H
#define OWL_HEX_H

#include "lib/text.h"

int hex_cat(stralloc *out, struct text octets);
int hex_decode(stralloc *out, struct text digits);

#endif
