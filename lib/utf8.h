/* utf8.h - take UTF-8 apart (RFC 3629)
 *
 * utf8_take(): takes the first character off *t, which is not empty.  false
 * when it is none: cut off, longer than needed, a surrogate, past 10FFFF; then
 * *t is anywhere.  Hostile input.
 */
#ifndef OWL_UTF8_H
#define OWL_UTF8_H

#include <stdint.h>
#include "lib/text.h"

bool utf8_take(struct text *t, uint32_t *character);

/* utf8_is_valid(): all of it is UTF-8; ASCII and nothing are. */
bool utf8_is_valid(struct text t);

/* utf8_cat(): appends a character, at most 10FFFF.  0, or -1 without memory. */
int utf8_cat(stralloc *out, uint32_t character);

#endif
