/* Delete. */
#include "config.h"
#include "queue/testorders.h"

static void a_deleted_message_leaves_nothing(void **state) {
  struct testrunner *t = *state;
  struct queueid new = inject(t, "bob@here.example");
  assert_int_equal(order(t, &new, ORDER_DELETE), OUTCOME_DONE);
  struct queueid id = inject_deferred(t, "later@there.example");
  assert_int_equal(order(t, &id, ORDER_DELETE), OUTCOME_DONE);
  assert_true(testrunner_logged(t, "order: delete msg "));
  assert_int_equal(order(t, &id, ORDER_DELETE), OUTCOME_GONE);
  assert_int_equal(files(t), 0);
  assert_int_equal(waitlist_waiting(&t->runner.waitlist), 0);
  testrunner_run(t, 10 * TEST_DAY_S);
  assert_int_equal(t->attempt_count, 1);
}

static void what_is_under_way_is_deleted_at_once(void **state) {
  struct testrunner *t = *state;
  struct queueid id = begin_two(t, "silent@a.example", "bob@b.example");
  assert_int_equal(order(t, &id, ORDER_DELETE), OUTCOME_DONE);
  assert_int_equal(files(t), 0);
  assert_int_equal(order(t, &id, ORDER_HOLD), OUTCOME_GONE);
  say(t, RESULT_FAILURE); /* nobody is told */
  testrunner_run(t, 10 * TEST_DAY_S);
  assert_int_equal(t->attempt_count, 1);
  assert_int_equal(t->runner.active_count, 0);
  assert_int_equal(files(t), 0);
}

/* Its log is not begun anew by what its worker says. */
static void what_is_retried_is_deleted_at_once(void **state) {
  struct testrunner *t = *state;
  struct queueid id = inject_deferred(t, "later@there.example");
  t->means[SAY_DEFERRAL] = SAY_NOTHING;
  order(t, &id, ORDER_RETRY);
  assert_int_equal(order(t, &id, ORDER_DELETE), OUTCOME_DONE);
  assert_int_equal(files(t), 0);
  say_second(t, RESULT_DEFERRAL);
  assert_int_equal(files(t), 0);
  assert_int_equal(t->runner.active_count, 0);
}

static void a_worker_that_dies_over_a_deleted_message_defers_nothing(void **state) {
  struct testrunner *t = *state;
  struct queueid id = inject(t, "silent@a.example");
  testrunner_run(t, 0);
  order(t, &id, ORDER_DELETE);
  testrunner_run(t, 2 * TEST_DAY_S);
  assert_int_equal(t->runner.active_count, 0);
  assert_int_equal(files(t), 0);
}

static void what_lies_in_bad_can_be_deleted(void **state) {
  struct testrunner *t = *state;
  struct queueid id = inject_deferred(t, "later@there.example");
  assert_int_equal(store_move_to_bad(&t->runner.store, &id, PLACE_WAIT), 0);
  assert_int_equal(order(t, &id, ORDER_HOLD), OUTCOME_GONE);
  assert_int_equal(testrunner_files_in(t, "bad"), 2);
  assert_int_equal(order(t, &id, ORDER_DELETE), OUTCOME_DONE);
  assert_int_equal(testrunner_files_in(t, "bad"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(a_deleted_message_leaves_nothing),
    TEST(what_is_under_way_is_deleted_at_once),
    TEST(what_is_retried_is_deleted_at_once),
    TEST(a_worker_that_dies_over_a_deleted_message_defers_nothing),
    TEST(what_lies_in_bad_can_be_deleted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
