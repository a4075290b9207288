/* idset.h - a set of queue ids */
#ifndef OWL_IDSET_H
#define OWL_IDSET_H

#include "lib/queueid.h"

struct idset {
  void *tree; /* tsearch(3) */
};

/* idset_add(): true when the id is in the set now and was not before; false
 * also without memory. */
bool idset_add(struct idset *s, const struct queueid *id);
bool idset_has(const struct idset *s, const struct queueid *id);

/* idset_remove(): true when it was there. */
bool idset_remove(struct idset *s, const struct queueid *id);

/* idset_each(): calls take(context, id) for each, in order. */
void idset_each(const struct idset *s, void (*take)(void *, const struct queueid *), void *context);
void idset_free(struct idset *s);

#endif
