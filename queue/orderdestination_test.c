/* Hold and release of destinations. */
#include "config.h"
#include "queue/testorders.h"

static void hold_destination(struct testrunner *t, const char *name, bool held) {
  assert_int_equal(operator_hold_destination(&t->runner, text_of(name), held, 17), 0);
  testrunner_run(t, 0);
}

static void nothing_goes_to_a_held_destination(void **state) {
  struct testrunner *t = *state;
  hold_destination(t, "There.Example", true);
  assert_true(testrunner_logged(t, "order: hold destination There.Example by uid 17\n"));
  testrunner_inject_one(t, sender, "bob@there.example");
  testrunner_inject_one(t, sender, "bob@elsewhere.example");
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(testrunner_attempts(t, "bob@elsewhere.example"), 1);
  assert_int_equal(testrunner_attempts(t, "bob@there.example"), 0);
  restart(t);
  testrunner_inject_one(t, sender, "ann@there.example");
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(t->attempt_count, 1);
  hold_destination(t, "there.example", false);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, "bob@there.example"), 1);
  assert_int_equal(testrunner_attempts(t, "ann@there.example"), 1);
  assert_int_equal(files(t), 0);
  restart(t);
  testrunner_inject_one(t, sender, "eve@there.example");
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, "eve@there.example"), 1);
}

static void what_no_worker_has_does_not_go_to_a_held_destination(void **state) {
  struct testrunner *t = *state;
  begin_two(t, "silent@a.example", "bob@b.example");
  hold_destination(t, "b.example", true);
  say(t, RESULT_SUCCESS);
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(t->attempt_count, 1);
  hold_destination(t, "b.example", false);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, "bob@b.example"), 1);
  assert_int_equal(files(t), 0);
}

static void a_local_user_can_be_held(void **state) {
  struct testrunner *t = *state;
  hold_destination(t, "local/bob", true);
  testrunner_inject_one(t, sender, "bob-list@here.example");
  testrunner_inject_one(t, sender, "joe@here.example");
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(t->attempt_count, 1);
  hold_destination(t, "local/bob", false);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, "bob-list@here.example"), 1);
}

static void a_domain_is_held_in_both_its_forms(void **state) {
  struct testrunner *t = *state;
  hold_destination(t, "B\u00fccher.example", true);
  testrunner_inject_one(t, sender, "bob@b\u00fccher.example");
  testrunner_inject_one(t, sender, "bob@xn--bcher-kva.example");
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(t->attempt_count, 0);
  hold_destination(t, "xn--bcher-kva.example", false);
  testrunner_run(t, 10);
  assert_int_equal(t->attempt_count, 2);
  restart(t);
  testrunner_inject_one(t, sender, "bob@b\u00fccher.example");
  testrunner_run(t, 10);
  assert_int_equal(t->attempt_count, 3);
}

static void a_socket_is_held_by_its_path_as_it_is(void **state) {
  struct testrunner *t = *state;
  hold_destination(t, "lmtp:unix:/run/Store", true);
  hold_destination(t, "Example.TEST:26", true);
  assert_true(text_equals(text_of_stralloc(&t->runner.holds.names), "lmtp:unix:/run/Store\nexample.test:26\n"));
  hold_destination(t, "lmtp:unix:/run/store", false);
  hold_destination(t, "example.test:26", false);
  assert_true(text_equals(text_of_stralloc(&t->runner.holds.names), "lmtp:unix:/run/Store\n"));
}

/* A name that was written otherwise: by hand, or before there was one form. */
static void a_hold_in_another_form_is_released(void **state) {
  static const char old[] = "b\u00fccher.example\nB.example\n";
  struct testrunner *t = *state;
  assert_true(stralloc_copys(&t->runner.holds.names, old));
  hold_destination(t, "xn--bcher-kva.example", false);
  assert_true(text_equals(text_of_stralloc(&t->runner.holds.names), "b.example\n"));
}

static void only_names_can_be_held(void **state) {
  struct testrunner *t = *state;
  static const char *const names[] = {"", "a b", "a\nb"};
  for (size_t i = 0; i < COUNT(names); i++)
    assert_int_equal(operator_hold_destination(&t->runner, text_of(names[i]), true, 0), -1);
  restart(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(nothing_goes_to_a_held_destination),
    TEST(what_no_worker_has_does_not_go_to_a_held_destination),
    TEST(a_local_user_can_be_held),
    TEST(a_domain_is_held_in_both_its_forms),
    TEST(a_socket_is_held_by_its_path_as_it_is),
    TEST(a_hold_in_another_form_is_released),
    TEST(only_names_can_be_held),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
