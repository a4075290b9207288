/* listsort.h - the order of owlq list
 *
 * Only keys are kept: what is listed is read again in their order.
 */
#ifndef OWL_OWLQ_LISTSORT_H
#define OWL_OWLQ_LISTSORT_H

#include "queue/owlq/select.h"

enum sort_key {
  SORT_ARRIVAL, /* the oldest first: the order of ids, for which no key is needed */
  SORT_AGE,     /* the youngest first: the same backward */
  SORT_NEXT,    /* by the next try; what waits for none comes last */
  SORT_SIZE,
  SORT_SENDER,
  SORT_STATE,
  SORT_ATTEMPTS, /* the most of any recipient */
  SORTS
};

/* sort_parse(): false: no such key; sort_names says which there are. */
bool sort_parse(const char *word, enum sort_key *key);
extern const char sort_names[];

struct sort_entry;
struct sorter {
  enum sort_key key;
  struct sort_entry *entries; /* owned, with their texts */
  size_t count, space;
};

/* sorter_add(): 0, or -1 without memory. */
int sorter_add(struct sorter *s, const struct selected *m);

/* sorter_take(): appends the ids in order, equal ones in the order of arrival
 * even when reversed, and frees the sorter.  0, or -1 without memory. */
int sorter_take(struct sorter *s, bool reverse, struct ids *out);

#endif
