/* Retry and expire: when a message is tried, and for the last time. */
#include "config.h"
#include "queue/testorders.h"

static void a_message_is_tried_again_at_once(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@there.example";
  struct queueid id = inject_deferred(t, to);
  assert_int_equal(order(t, &id, ORDER_RETRY), OUTCOME_DONE);
  assert_int_equal(testrunner_attempts(t, to), 2);
  restart(t); /* nothing of the backlog is known yet */
  assert_int_equal(operator_order(&t->runner, &id, ORDER_RETRY, 0), OUTCOME_DONE);
  testrunner_run(t, 0);
  assert_int_equal(testrunner_attempts(t, to), 3);
}

/* Its round is under way, and waits for a destination that is held. */
static struct queueid begin_beside_a_held_one(struct testrunner *t, const char *const to[3]) {
  testrunner_control(t, "retryschedule", ":80000\n");
  testrunner_control(t, "timeoutidle", "0\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  assert_int_equal(operator_hold_destination(&t->runner, text_of("held.example"), true, 0), 0);
  struct queueid id = testrunner_inject(t, sender, 0, to, 3);
  testrunner_run(t, 100);
  assert_int_equal(testrunner_attempts(t, to[0]), 1);
  assert_int_equal(testrunner_attempts(t, to[1]), 1);
  return id;
}

static void who_is_not_in_this_round_is_tried_again_after_it(void **state) {
  static const char *const to[] = {"silent@a.example", "later@b.example", "bob@held.example"};
  struct testrunner *t = *state;
  struct queueid id = begin_beside_a_held_one(t, to);
  assert_int_equal(order(t, &id, ORDER_RETRY), OUTCOME_DONE);
  say(t, RESULT_SUCCESS);
  testrunner_run(t, 1000);
  assert_int_equal(testrunner_attempts(t, to[1]), 2);
  assert_int_equal(testrunner_attempts(t, to[2]), 0);
}

/* A DSN is made on the way: for that the log is read again. */
static void a_retry_is_not_forgotten_over_a_failure(void **state) {
  static const char *const to[] = {"silent@a.example", "later@b.example", "bob@held.example"};
  struct testrunner *t = *state;
  struct queueid id = begin_beside_a_held_one(t, to);
  assert_int_equal(order(t, &id, ORDER_RETRY), OUTCOME_DONE);
  say(t, RESULT_FAILURE);
  testrunner_run(t, 1000);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  assert_int_equal(testrunner_attempts(t, to[1]), 2);
}

static void who_is_not_in_this_round_expires_after_it(void **state) {
  static const char *const to[] = {"silent@a.example", "later@b.example", "bob@held.example"};
  struct testrunner *t = *state;
  struct queueid id = begin_beside_a_held_one(t, to);
  assert_int_equal(order(t, &id, ORDER_EXPIRE), OUTCOME_DONE);
  say(t, RESULT_SUCCESS);
  testrunner_run(t, 1000);
  assert_int_equal(testrunner_attempts(t, to[1]), 2);
  assert_int_equal(testrunner_told(t, "", sender), 1);
}

static void an_expired_message_is_tried_once_more_and_then_returned(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@there.example";
  struct queueid id = inject_deferred(t, to);
  assert_int_equal(order(t, &id, ORDER_EXPIRE), OUTCOME_DONE);
  assert_int_equal(testrunner_attempts(t, to), 2);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  const struct attempt *dsn = testrunner_attempt(t, sender, 0);
  assert_true(testrunner_body_has(dsn, "Status: 5.4.7\n"));
  assert_true(testrunner_body_has(dsn, "come back"));
  assert_int_equal(files(t), 0);
}

static void an_expired_message_that_is_delivered_is_not_returned(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@there.example";
  struct queueid id = inject_deferred(t, to);
  t->means[SAY_DEFERRAL] = SAY_SUCCESS;
  order(t, &id, ORDER_EXPIRE);
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(t->attempt_count, 2);
  assert_int_equal(files(t), 0);
}

static void an_expiry_survives_a_restart(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@there.example";
  struct queueid id = inject_deferred(t, to);
  order(t, &id, ORDER_HOLD);
  assert_int_equal(operator_order(&t->runner, &id, ORDER_EXPIRE, 0), OUTCOME_DONE); /* and releases */
  restart(t);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, to), 2);
  assert_int_equal(testrunner_told(t, "", sender), 1);
}

static void the_try_under_way_is_the_last_one_of_an_expired_message(void **state) {
  struct testrunner *t = *state;
  struct queueid id = begin_two(t, "silent@a.example", "later@b.example");
  assert_int_equal(order(t, &id, ORDER_EXPIRE), OUTCOME_DONE);
  say(t, RESULT_DEFERRAL);
  testrunner_run(t, 100);
  assert_int_equal(testrunner_attempts(t, "silent@a.example"), 1);
  assert_int_equal(testrunner_attempts(t, "later@b.example"), 1);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  assert_int_equal(files(t), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(a_message_is_tried_again_at_once),
    TEST(who_is_not_in_this_round_is_tried_again_after_it),
    TEST(a_retry_is_not_forgotten_over_a_failure),
    TEST(who_is_not_in_this_round_expires_after_it),
    TEST(an_expired_message_is_tried_once_more_and_then_returned),
    TEST(an_expired_message_that_is_delivered_is_not_returned),
    TEST(an_expiry_survives_a_restart),
    TEST(the_try_under_way_is_the_last_one_of_an_expired_message),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
