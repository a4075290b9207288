#include "config.h"
#include "queue/testqueue.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "lib/clock.h"

void testqueue_make(struct testqueue *q) { assert_int_equal(privatequeue_make(q->path, &q->store), 0); }

void testqueue_remove(struct testqueue *q) {
  store_close(&q->store);
  assert_int_equal(privatequeue_remove(q->path), 0);
}

int testqueue_set_up(void **state) {
  static struct testqueue q;
  testqueue_make(&q);
  *state = &q;
  return 0;
}

int testqueue_tear_down(void **state) {
  testqueue_remove(*state);
  return 0;
}

struct queueid testqueue_inject(struct testqueue *q, const char *body, const char *sender,
                                const char *const *recipients, size_t count) {
  struct queueid id;
  struct envelope e = {.sender = text_of(sender), .arrival_us = clock_wall_us(&clock_system)};
  for (size_t i = 0; i < count; i++) envelope_add(&e)->address = text_of(recipients[i]);
  assert_int_equal(queueid_make(&id, e.arrival_us), 0);
  assert_int_equal(privatequeue_put(&q->store, &id, &e, text_of(body)), 0);
  envelope_free(&e);
  return id;
}
