/* utf8.h - one character of UTF-8 at a time (RFC 3629), from hostile octets */
#ifndef OWL_OWLQ_UTF8_H
#define OWL_OWLQ_UTF8_H

#include <stdint.h>
#include "lib/text.h"

/* utf8_first(): how many octets the first character of t takes, and which it
 * is; 0 when t begins with none: a lone octet, an overlong form, a surrogate,
 * a part of a character, or nothing at all. */
size_t utf8_first(struct text t, uint32_t *character);

/* utf8_is_safe(): shows as itself on a terminal: no control character (C0,
 * DEL, C1), no line or paragraph separator, and none that turns the direction
 * of writing, which could make an address read as another. */
bool utf8_is_safe(uint32_t character);

/* utf8_columns(): how many columns of a terminal a safe character takes, about:
 * the blocks of wide characters and of the common combining ones are known. */
size_t utf8_columns(uint32_t character);

#endif
