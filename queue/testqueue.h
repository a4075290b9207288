/* testqueue.h - a queue folder for unit tests: made under TMPDIR, removed at
 * the end.  Failures end the test. */
#ifndef OWL_TESTQUEUE_H
#define OWL_TESTQUEUE_H

#include "lib/envelope.h"
#include "queue/privatequeue.h"

struct testqueue {
  char path[PRIVATEQUEUE_PATH_MAX];
  struct store store;
};

void testqueue_make(struct testqueue *q);
void testqueue_remove(struct testqueue *q);

/* testqueue_set_up(), testqueue_tear_down(): one for each test of a group. */
int testqueue_set_up(void **state);
int testqueue_tear_down(void **state);

/* testqueue_inject(): a message with this body into todo/. */
struct queueid testqueue_inject(struct testqueue *q, const char *body, const char *sender,
                                const char *const *recipients, size_t count);

#endif
