/* idn.h - internationalised domain names (RFC 5891, by libidn2)
 *
 * A domain has an ASCII form, with A-labels ("xn--..."), which the DNS knows,
 * and a UTF-8 one with U-labels.  Input is hostile.
 */
#ifndef OWL_IDN_H
#define OWL_IDN_H

#include "lib/list.h"

/* idn_to_ascii(): *out is overwritten with the ASCII form; pure ASCII stays as it
 * is.  0, or -1 when it has none, or without memory. */
int idn_to_ascii(stralloc *out, struct text domain);

/* idn_to_unicode(): the UTF-8 form of a domain in ASCII form.  As above. */
int idn_to_unicode(stralloc *out, struct text domain);

/* idn_find_domain(), idn_find(): like list_find_domain() and list_find(), with
 * domain in either form, and so the keys.
 * What has no other form, also for want of memory, is looked for as it is. */
const struct list_line *idn_find_domain(const struct list *l, struct text domain);
const struct list_line *idn_find(const struct list *l, struct text domain);

/* idn_forms(): an address as it is, then with its domain in the ASCII form and in
 * the UTF-8 form where these are others.  Their number; 0 without memory.  The
 * caller frees all of *f by idn_forms_free(). */
enum { IDN_FORMS = 3 };
struct idn_forms {
  stralloc address[IDN_FORMS];
  size_t count;
};
size_t idn_forms(struct idn_forms *f, struct text address);
void idn_forms_free(struct idn_forms *f);

#endif
