/* unitext.h - an internationalized address as printable ASCII, and back (RFC 6533 3)
 *
 * unitext_encode(): appends the address in the form utf-8-addr-xtext: what is
 * not ASCII as \x{1F989}, and so the ASCII that the form keeps for itself.  0,
 * or -1: not UTF-8 (then nothing is appended), or no memory.  Hostile input.
 *
 * unitext_decode(): appends what \x{...} means, and the rest as it stands, be
 * it UTF-8 or not.  0, or -1: a backslash that begins no such code, or no
 * memory.  Hostile input.
 */
#ifndef OWL_UNITEXT_H
#define OWL_UNITEXT_H

#include "lib/text.h"

int unitext_encode(stralloc *out, struct text address);
int unitext_decode(stralloc *out, struct text form);

#endif
