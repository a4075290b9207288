/* textset.h - texts of which each is wanted once */
#ifndef OWL_LOCAL_ALIAS_TEXTSET_H
#define OWL_LOCAL_ALIAS_TEXTSET_H

#include <stdint.h>
#include "lib/text.h"

/* Zeroed at first; takes and keeps copies. */
struct textset {
  stralloc octets;
  struct textset_entry *entries; /* in the order in which they came */
  size_t count, space;
  size_t *slots;                 /* twice as many as space: the entry's number plus 1, or 0 */
};

struct textset_entry {
  size_t start, len; /* in octets */
  uint32_t hash;
};

/* textset_add(): 1 when it is new, 0 when it was there, -1 without memory. */
int textset_add(struct textset *s, struct text t);

/* textset_at(): the text of that number, from 0 on; valid until the next one is
 * added. */
struct text textset_at(const struct textset *s, size_t i);

void textset_free(struct textset *s);

#endif
