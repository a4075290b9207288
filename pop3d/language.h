/* language.h - what POP3's texts are written in (LANG, RFC 6856 3)
 *
 * They are in English, which is also what is spoken unasked ("i-default",
 * RFC 2277 4.5).
 */
#ifndef OWL_POP3D_LANGUAGE_H
#define OWL_POP3D_LANGUAGE_H

#include "lib/text.h"

/* language_choose(): the tag of the language that a client gets who asks for
 * this one, which is hostile; NULL: it is not spoken. */
const char *language_choose(struct text wanted);

/* language_reply(): appends the reply to LANG with this argument, absent for the
 * list of languages.  0, or -1 without memory. */
int language_reply(struct text wanted, stralloc *out);

#endif
