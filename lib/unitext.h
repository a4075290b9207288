/* unitext.h - an internationalized address as printable ASCII (RFC 6533 3)
 *
 * unitext_encode(): appends the address in the form utf-8-addr-xtext: what is
 * not ASCII as \x{1F989}, and so the ASCII that the form keeps for itself.  0,
 * or -1: not UTF-8 (then nothing is appended), or no memory.  Hostile input.
 */
#ifndef OWL_UNITEXT_H
#define OWL_UNITEXT_H

#include "lib/text.h"

int unitext_encode(stralloc *out, struct text address);

#endif
