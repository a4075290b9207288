/* text.h - a view of octets that somebody else owns
 *
 * s is not NUL-terminated and may hold any octet.  s == NULL means absent;
 * len == 0 with s != NULL means present and empty.
 */
#ifndef OWL_TEXT_H
#define OWL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/owfat.h"

struct text {
  const char *s;
  size_t len;
};

#define TEXT_ABSENT ((struct text){NULL, 0})

struct text text_of(const char *cstring);
struct text text_of_stralloc(const stralloc *sa);
bool text_equal(struct text a, struct text b);
bool text_equals(struct text a, const char *cstring);
/* ASCII case is ignored; the order is that of the lower-case octets. */
bool text_equal_nocase(struct text a, struct text b);
int text_compare_nocase(struct text a, struct text b);

/* text_is_clean(): no octet below 32 and no DEL, so that the text can stand in
 * a log line, a header field or a reply.  Octets above 127 pass. */
bool text_is_clean(struct text t);

/* text_is_ascii(): no octet above 127. */
bool text_is_ascii(struct text t);

/* text_cat(): appends; t must not lie in out.  0, or -1 without memory. */
int text_cat(stralloc *out, struct text t);

/* text_copy(): the same, in the place of what is there. */
int text_copy(stralloc *out, struct text t);

/* text_cat_cleaned(): appends with every octet below 32, and DEL, replaced by
 * '?'.  0, or -1 without memory. */
int text_cat_cleaned(stralloc *out, struct text t);

/* text_cat_lower(): appends with the ASCII letters in lower case.  0, or -1
 * without memory. */
int text_cat_lower(stralloc *out, struct text t);

/* text_cat_netstring(): appends LENGTH ":" OCTETS ",".  0, or -1 without memory. */
int text_cat_netstring(stralloc *out, struct text octets);

/* text_cat_uint(): appends a decimal number.  0, or -1 without memory.
 * (libowfat's stralloc_catulong0() appends garbage: it loses a call that is
 * wrongly marked pure.) */
int text_cat_uint(stralloc *out, uint64_t number);

/* text_wipe(): frees a stralloc after wiping all that it ever held. */
void text_wipe(stralloc *secret);

/* text_cut(): *part becomes what *rest has before the next end, which is taken
 * off *rest with it; without one it is all, and *rest is absent then.  false
 * when *rest is absent. */
bool text_cut(struct text *rest, char end, struct text *part);

/* text_uint(): the whole text as a decimal number.  0, or -1: empty, not a
 * number, or over UINT64_MAX. */
int text_uint(struct text t, uint64_t *value);

#endif
