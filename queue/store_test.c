#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "queue/testqueue.h"

static const char *const one[] = {"joe@a.test"};

static int make(void **state) {
  static struct testqueue q;
  testqueue_make(&q);
  *state = &q;
  return 0;
}

static int clear(void **state) {
  testqueue_remove(*state);
  return 0;
}

/* A message that waits, with a log. */
static struct queueid inject_waiting(struct testqueue *q) {
  struct queueid id = testqueue_inject(q, "x\n", "s@c.test", one, 1);
  assert_int_equal(store_move_to_wait(&q->store, &id), 0);
  assert_int_equal(store_append_log(&q->store, &id, text_of("x"), 0), 0);
  assert_int_equal(store_sync(&q->store), 0);
  return id;
}

static bool is_in(const struct testqueue *q, const char *folder, const struct queueid *id,
                  const char *ending) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s%s", folder, id->s, ending);
  return faccessat(q->store.queue_fd, path, F_OK, 0) == 0;
}

static bool waits(const struct testqueue *q, const struct queueid *id, const char *ending) {
  char folder[16];
  store_wait_folder(folder, queueid_folder(id));
  return is_in(q, folder, id, ending);
}

static void a_log_goes_when_its_message_has_gone_for_good(void **state) {
  struct testqueue *q = *state;
  struct queueid id = inject_waiting(q);
  assert_int_equal(store_remove(&q->store, &id, PLACE_WAIT), 0);
  assert_false(waits(q, &id, ""));
  assert_true(waits(q, &id, ".log"));
  assert_true(store_is_dirty(&q->store));
  assert_int_equal(store_sync(&q->store), 0);
  assert_false(waits(q, &id, ".log"));
}

static void a_message_in_todo_takes_its_log_along(void **state) {
  struct testqueue *q = *state;
  struct queueid id = testqueue_inject(q, "x\n", "s@c.test", one, 1);
  assert_int_equal(store_append_log(&q->store, &id, text_of("x"), 0), 0);
  assert_int_equal(store_remove(&q->store, &id, PLACE_TODO), 0);
  assert_int_equal(store_sync(&q->store), 0);
  assert_false(is_in(q, "todo", &id, ""));
  assert_false(waits(q, &id, ".log"));
}

/* As a crash can leave them. */
static void only_logs_without_a_message_are_cleared(void **state) {
  struct testqueue *q = *state;
  struct queueid waiting = inject_waiting(q), alone = inject_waiting(q);
  struct queueid new = testqueue_inject(q, "x\n", "s@c.test", one, 1);
  struct queueid bad = inject_waiting(q), going = inject_waiting(q);
  char from[128], to[128];
  assert_int_equal(store_remove(&q->store, &alone, PLACE_WAIT), 0);
  stralloc_zero(&q->store.outlived);
  assert_int_equal(store_append_log(&q->store, &new, text_of("x"), 0), 0);
  snprintf(from, sizeof from, "wait/%02x/%s", queueid_folder(&bad), bad.s);
  snprintf(to, sizeof to, "bad/%s", bad.s);
  assert_int_equal(renameat(q->store.queue_fd, from, q->store.queue_fd, to), 0);
  assert_int_equal(store_sync(&q->store), 0);
  assert_int_equal(store_remove(&q->store, &going, PLACE_WAIT), 0); /* may come back yet */
  for (unsigned i = 0; i < QUEUEID_FOLDERS; i++) assert_int_equal(store_clear_logs(&q->store, i), 0);
  assert_true(waits(q, &waiting, ".log"));
  assert_true(waits(q, &new, ".log"));
  assert_true(waits(q, &bad, ".log"));
  assert_true(waits(q, &going, ".log"));
  assert_false(waits(q, &alone, ".log"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_log_goes_when_its_message_has_gone_for_good, make, clear),
    cmocka_unit_test_setup_teardown(a_message_in_todo_takes_its_log_along, make, clear),
    cmocka_unit_test_setup_teardown(only_logs_without_a_message_are_cleared, make, clear),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
