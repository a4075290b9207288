#include "config.h"
#include "queue/node.h"
#include <errno.h>
#include "queue/testrunner.h"

static const char sender[] = "ann@far.example";

/* Deferred, so that it waits for hours; and what was once down is up now. */
static void let_wait(struct testrunner *t, const char *const *addresses, size_t count) {
  for (size_t i = 0; i < count; i++) testrunner_inject_one(t, sender, addresses[i]);
  testrunner_run(t, 5);
  for (size_t i = 0; i < count; i++) assert_int_equal(testrunner_attempts(t, addresses[i]), 1);
  t->means[SAY_DEFERRAL] = t->means[SAY_UNREACHED] = SAY_SUCCESS;
}

static uint64_t start(struct testrunner *t, const char *node) {
  struct node_mail mail;
  assert_int_equal(node_start(&t->runner, text_of(node), 17, &mail), 0);
  testrunner_run(t, 0);
  return mail.started;
}

static void assert_refused(struct testrunner *t, const char *node, int error) {
  struct node_mail mail;
  errno = 0;
  assert_int_equal(node_start(&t->runner, text_of(node), 17, &mail), -1);
  assert_int_equal(errno, error);
}

static void what_waits_for_the_node_goes_at_once(void **state) {
  struct testrunner *t = *state;
  const char *const to[] = {"later-1@a.example", "later-2@a.example", "later@b.example", "later@x.a.example"};
  let_wait(t, to, COUNT(to));
  assert_int_equal(start(t, "A.example"), 2);
  assert_int_equal(testrunner_attempts(t, to[0]), 2);
  assert_int_equal(testrunner_attempts(t, to[1]), 2);
  assert_int_equal(testrunner_attempts(t, to[2]), 1);
  assert_int_equal(testrunner_attempts(t, to[3]), 1);
  assert_true(testrunner_logged(t, "order: start node A.example by uid 17, messages 2\n"));
  assert_int_equal(start(t, "a.example"), 0);
  assert_int_equal(start(t, "never-seen.example"), 0);
}

static void a_node_that_was_down_gets_all_of_it(void **state) {
  struct testrunner *t = *state;
  for (unsigned i = 0; i < 20; i++) testrunner_inject_one(t, sender, "down@a.example");
  testrunner_run(t, 5);
  t->means[SAY_UNREACHED] = SAY_SUCCESS;
  assert_int_equal(start(t, "a.example"), 20);
  testrunner_run(t, 1);
  assert_int_equal(testrunner_files(t), 0);
}

static void at_domain_is_everything_below_too(void **state) {
  struct testrunner *t = *state;
  const char *const to[] = {"later@a.example", "later@x.y.A.example", "later@ba.example", "down@z.a.example"};
  let_wait(t, to, COUNT(to));
  assert_int_equal(start(t, "@a.Example"), 3);
  assert_int_equal(testrunner_attempts(t, to[0]), 2);
  assert_int_equal(testrunner_attempts(t, to[1]), 2);
  assert_int_equal(testrunner_attempts(t, to[2]), 1);
  assert_int_equal(testrunner_attempts(t, to[3]), 2);
}

static void the_route_says_what_waits_for_it(void **state) {
  struct testrunner *t = *state;
  const char *const to[] = {"later@a.example"};
  testrunner_control(t, "smtproutes", "a.example:relay.example:2525\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  let_wait(t, to, COUNT(to));
  assert_int_equal(start(t, "relay.example"), 0);
  assert_int_equal(start(t, "a.example"), 1);
  assert_int_equal(testrunner_attempts(t, to[0]), 2);
}

static void what_the_operator_holds_stays(void **state) {
  struct testrunner *t = *state;
  const char *const to[] = {"later@a.example", "later@b.example"};
  let_wait(t, to, COUNT(to));
  assert_int_equal(operator_hold_destination(&t->runner, text_of("a.example"), true, 0), 0);
  assert_refused(t, "a.example", EBUSY);
  assert_int_equal(start(t, "@example"), 1);
  assert_int_equal(testrunner_attempts(t, to[0]), 1);
}

static void local_users_are_no_nodes(void **state) {
  struct testrunner *t = *state;
  const char *const to[] = {"later-1@here.example"};
  let_wait(t, to, COUNT(to));
  assert_int_equal(start(t, "here.example"), 0);
  assert_int_equal(start(t, "@here.example"), 0);
  assert_int_equal(testrunner_attempts(t, to[0]), 1);
}

static void names_are_checked(void **state) {
  struct testrunner *t = *state;
  char longest[NODE_MAX + 1];
  memset(longest, 'x', NODE_MAX);
  longest[NODE_MAX] = 0;
  const char *const none[] = {"", "@", "@@a", "a@b", "local/bob", "a\nb", longest};
  for (size_t i = 0; i < COUNT(none); i++) assert_refused(t, none[i], EINVAL);
  testrunner_run(t, 0);
  assert_int_equal(start(t, longest + 1), 0);
}

static void it_is_not_looked_for_all_the_time(void **state) {
  struct testrunner *t = *state;
  const char *const to[] = {"later@a.example"};
  let_wait(t, to, COUNT(to));
  t->runner.node_us = clock_boot_us(t->runner.clock) + 1;
  assert_refused(t, "a.example", EAGAIN);
  assert_int_equal(start(t, "b.example"), 0);
  t->runner.node_us--;
  assert_int_equal(start(t, "a.example"), 1);
}

static void what_waits_is_known_first(void **state) {
  struct testrunner *t = *state;
  const char *const to[] = {"later@a.example"};
  let_wait(t, to, COUNT(to));
  testrunner_crash(t);
  testrunner_start(t);
  assert_refused(t, "a.example", EINPROGRESS);
  testrunner_run(t, 0);
  assert_int_equal(start(t, "a.example"), 1);
}

int main(void) {
#define TEST_CASE(name) cmocka_unit_test_setup_teardown(name, testrunner_set_up, testrunner_tear_down)
  const struct CMUnitTest tests[] = {
    TEST_CASE(what_waits_for_the_node_goes_at_once),
    TEST_CASE(a_node_that_was_down_gets_all_of_it),
    TEST_CASE(at_domain_is_everything_below_too),
    TEST_CASE(the_route_says_what_waits_for_it),
    TEST_CASE(what_the_operator_holds_stays),
    TEST_CASE(local_users_are_no_nodes),
    TEST_CASE(names_are_checked),
    TEST_CASE(it_is_not_looked_for_all_the_time),
    TEST_CASE(what_waits_is_known_first),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
