#include "config.h"
#include "queue/owlq/idset.h"
#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) { return strcmp(a, b); }

bool idset_add(struct idset *s, const struct queueid *id) {
  struct queueid *kept = malloc(sizeof *kept);
  if (!kept) return false;
  *kept = *id;
  struct queueid **node = tsearch(kept, &s->tree, compare);
  if (node && *node == kept) return true;
  free(kept);
  return false;
}

bool idset_has(const struct idset *s, const struct queueid *id) {
  return tfind(id, &s->tree, compare) != NULL;
}

bool idset_remove(struct idset *s, const struct queueid *id) {
  struct queueid **node = tfind(id, &s->tree, compare);
  if (!node) return false;
  struct queueid *kept = *node;
  tdelete(kept, &s->tree, compare);
  free(kept);
  return true;
}

struct walk {
  void (*take)(void *, const struct queueid *);
  void *context;
};

static void visit(const void *node, VISIT when, void *walk) {
  const struct walk *w = walk;
  if (when == postorder || when == leaf) w->take(w->context, *(struct queueid *const *)node);
}

void idset_each(const struct idset *s, void (*take)(void *, const struct queueid *), void *context) {
  twalk_r(s->tree, visit, &(struct walk){take, context});
}

void idset_free(struct idset *s) {
  tdestroy(s->tree, free);
  s->tree = NULL;
}
