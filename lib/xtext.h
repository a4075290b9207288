/* xtext.h - any octets as printable ASCII (RFC 3461 4): ENVID and ORCPT
 *
 * xtext_decode(): appends the octets meant.  0, or -1: no xtext, or no memory.
 * Hostile input.  xtext_encode(): appends; 0, or -1 without memory.
 */
#ifndef OWL_XTEXT_H
#define OWL_XTEXT_H

#include "lib/text.h"

int xtext_decode(stralloc *out, struct text xtext);
int xtext_encode(stralloc *out, struct text octets);

#endif
