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

#endif
