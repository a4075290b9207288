/* screen.h - putting what strangers wrote, ages and sizes where people read
 *
 * Everything is cleaned, whether standard output is a terminal or not: what is
 * not safe UTF-8 (queue/owlq/utf8.h) becomes '?'.  screen_cat_*() append; 0, or
 * -1 without memory.
 */
#ifndef OWL_OWLQ_SCREEN_H
#define OWL_OWLQ_SCREEN_H

#include <stdint.h>
#include "lib/text.h"

int screen_cat_cleaned(stralloc *out, struct text t);

/* screen_cat_column(): exactly width columns, filled with blanks or cut with a
 * '>' at the end; with width 0 all of it.  Wide characters count as two. */
int screen_cat_column(stralloc *out, struct text t, size_t width);

/* screen_width(): the columns that a text takes. */
size_t screen_width(struct text t);

/* At most two units, at most 7 columns: "45s", "3h12m", "400d". */
int screen_cat_age(stralloc *out, uint64_t seconds);

/* At most 5 columns: "812", "1.2K", "34M". */
int screen_cat_size(stralloc *out, uint64_t octets);

/* The same on standard output; a date is as in RFC 5322. */
void screen_text(struct text t);
void screen_date(uint64_t wall_us);
void screen_age(uint64_t seconds);

/* screen_columns(): the width of the terminal that is standard output, 0 when
 * it is none. */
size_t screen_columns(void);

#endif
