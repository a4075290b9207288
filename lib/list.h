/* list.h - a control file of lines, looked up by key
 *
 * In a list a line is a key; in a map it is a key, ':' and a value, and a line
 * without ':' is passed over (as in qmail).  Keys are compared without ASCII
 * case; of two lines with one key the last counts (as in qmail).  A ':' within
 * a leading [...] belongs to the key, so that address literals can be keys.
 * Look-ups take logarithmic time.
 */
#ifndef OWL_LIST_H
#define OWL_LIST_H

#include "lib/text.h"

struct list_line {
  struct text key;
  struct text value; /* absent in a list */
};

struct list {
  stralloc octets;         /* owned; the lines point into it */
  struct list_line *lines; /* owned; sorted by key */
  size_t count;
  struct text passed_over; /* a map's first line without ':'; absent: there is none */
};

/* list_parse(), list_parse_map(): take the lines of text: trailing blanks are
 * cut, empty lines and lines that start with '#' are passed over.  *l is
 * overwritten.  0, or -1 without memory. */
int list_parse(struct list *l, struct text text);
int list_parse_map(struct list *l, struct text text);

/* list_find(): the line with this key, or NULL. */
const struct list_line *list_find(const struct list *l, struct text key);

/* list_find_domain(): the line for domain itself, else for ".suffix" with the
 * longest suffix, else for the empty key; NULL when there is none. */
const struct list_line *list_find_domain(const struct list *l, struct text domain);

void list_free(struct list *l);

#endif
