/* phrase.h - a person's name as a header field writes it
 *
 * phrase_cat(): appends name as atoms where it consists of them, else as a
 * quoted string, else, with octets above 127, as encoded words (RFC 2047;
 * UTF-8, or "unknown-8bit" when it is not that).  Control octets become '?'.
 * phrase_cat_comment(): the same within parentheses.  phrase_cat_unstructured():
 * for a field like Subject, as it is, or as encoded words.  0, or -1 without
 * memory.
 */
#ifndef OWL_PHRASE_H
#define OWL_PHRASE_H

#include "lib/text.h"

int phrase_cat(stralloc *out, struct text name);
int phrase_cat_comment(stralloc *out, struct text name);
int phrase_cat_unstructured(stralloc *out, struct text words);

#endif
