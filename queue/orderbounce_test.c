/* Bounce: a message is returned without a try. */
#include "config.h"
#include "queue/testorders.h"

static void a_message_is_returned_without_a_try(void **state) {
  struct testrunner *t = *state;
  const char *const to[] = {"later@there.example", "bob@here.example"};
  struct queueid id = testrunner_inject(t, sender, 0, to, 2);
  testrunner_run(t, 10);
  assert_int_equal(order(t, &id, ORDER_RETURN), OUTCOME_DONE);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, to[0]), 1);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  const struct attempt *dsn = testrunner_attempt(t, sender, 0);
  assert_true(testrunner_body_has(dsn, "returned by the administrator"));
  assert_true(testrunner_body_has(dsn, "Status: 5.7.1\n"));
  assert_true(testrunner_body_has(dsn, "later@there.example"));
  assert_false(testrunner_body_has(dsn, "bob@here.example")); /* who has it */
  assert_int_equal(files(t), 0);
}

static void new_mail_is_returned_once_whatever_crashes(void **state) {
  struct testrunner *t = *state;
  struct queueid id = inject(t, "bob@here.example");
  assert_int_equal(operator_order(&t->runner, &id, ORDER_RETURN, 0), OUTCOME_DONE);
  restart(t);
  testrunner_run(t, 10);
  restart(t);
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(testrunner_attempts(t, "bob@here.example"), 0);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  assert_int_equal(files(t), 0);
}

static void who_gets_it_at_this_moment_is_not_said_to_have_failed(void **state) {
  struct testrunner *t = *state;
  struct queueid id = begin_two(t, "silent@a.example", "bob@b.example");
  assert_int_equal(order(t, &id, ORDER_RETURN), OUTCOME_DONE);
  struct message m;
  const char *reason;
  assert_int_equal(message_load(&m, &t->runner.store, &id, &reason), MESSAGE_OK);
  assert_int_equal(m.states[0].progress, RECIPIENT_WAITING);
  assert_int_equal(m.states[1].progress, RECIPIENT_FAILED);
  message_free(&m);
  assert_int_equal(testrunner_told(t, "", sender), 0); /* the first one's word is still out */
  say(t, RESULT_SUCCESS);
  testrunner_run(t, 100);
  assert_int_equal(testrunner_attempts(t, "bob@b.example"), 0);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  const struct attempt *dsn = testrunner_attempt(t, sender, 0);
  assert_true(testrunner_body_has(dsn, "bob@b.example"));
  assert_false(testrunner_body_has(dsn, "silent@a.example"));
}

static void a_deferral_of_a_returned_message_is_a_failure(void **state) {
  struct testrunner *t = *state;
  struct queueid id = begin_two(t, "silent@a.example", "bob@b.example");
  order(t, &id, ORDER_RETURN);
  say(t, RESULT_DEFERRAL);
  testrunner_run(t, 100);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  assert_true(testrunner_body_has(testrunner_attempt(t, sender, 0), "silent@a.example"));
  assert_int_equal(files(t), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(a_message_is_returned_without_a_try),
    TEST(new_mail_is_returned_once_whatever_crashes),
    TEST(who_gets_it_at_this_moment_is_not_said_to_have_failed),
    TEST(a_deferral_of_a_returned_message_is_a_failure),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
