#include "config.h"
#include "queue/runnerwhy.h"
#include "queue/testrunner.h"

static const char sender[] = "ann@far.example";

static struct queueid inject(struct testrunner *t, const char *to) {
  return testrunner_inject(t, sender, 0, &to, 1);
}

static void control(struct testrunner *t, const char *name, const char *content) {
  testrunner_control(t, name, content);
  assert_int_equal(runner_load_settings(&t->runner), 0);
}

/* Through the carrier, as a client gets it. */
static struct ctl_why ask(struct testrunner *t, const struct queueid *id, stralloc *payload) {
  struct ctl_why why = runner_why(&t->runner, id), back;
  stralloc_zero(payload);
  assert_int_equal(ctlwhy_put(payload, &why), 0);
  assert_int_equal(ctlwhy_read(&back, text_of_stralloc(payload)), 0);
  return back;
}

/* Many messages for one address; what one of those says that had to wait.  They
 * have come in the same instant, so nobody knows which ones that are. */
static struct ctl_why ask_about_many(struct testrunner *t, const char *to, uint64_t seconds, stralloc *payload) {
  struct queueid ids[50];
  struct ctl_why why = {0};
  for (size_t i = 0; i < COUNT(ids); i++) ids[i] = inject(t, to);
  testrunner_run(t, seconds);
  for (size_t i = 0; i < COUNT(ids) && why.state != WHY_PARKED; i++) why = ask(t, &ids[i], payload);
  assert_int_equal(why.state, WHY_PARKED);
  return why;
}

static void what_has_been_deferred_waits_for_its_time(void **state) {
  struct testrunner *t = *state;
  struct queueid id = inject(t, "later@there.example");
  stralloc payload = {0};
  testrunner_run(t, 0);
  struct ctl_why why = ask(t, &id, &payload);
  assert_int_equal(why.state, WHY_TIMED);
  assert_in_range(why.due_s, 300, 500); /* qmail's 20 squared, and jitter */
  assert_false(why.never);
  assert_text(why.destination, TEXT("there.example"));
  assert_int_equal(why.refusal, WHY_TAKES);
  testrunner_run(t, 100);
  assert_in_range(ask(t, &id, &payload).due_s, 200, 400);
  stralloc_free(&payload);
}

static void what_is_under_way_says_so(void **state) {
  struct testrunner *t = *state;
  struct queueid id = inject(t, "silent@there.example");
  stralloc payload = {0};
  testrunner_run(t, 0);
  struct ctl_why why = ask(t, &id, &payload);
  assert_int_equal(why.state, WHY_ACTIVE);
  assert_int_equal(why.jobs, 1);
  stralloc_free(&payload);
}

static void what_waits_for_a_dead_host_knows_the_next_probe(void **state) {
  struct testrunner *t = *state;
  stralloc payload = {0};
  struct ctl_why why = ask_about_many(t, "down@dead.example", 50, &payload);
  assert_int_equal(why.refusal, WHY_DOWN);
  assert_in_range(why.opens_s, 1, 70);
  assert_text(why.destination, TEXT("dead.example"));
  assert_int_equal(why.window, 1);
  assert_in_range(why.parked, 40, 50);
  assert_true(why.error.len > 0);
  assert_true(why.error_us > 0);
  stralloc_free(&payload);
}

static void a_rate_that_is_used_up_is_told(void **state) {
  struct testrunner *t = *state;
  stralloc payload = {0};
  control(t, "ratelimit", "slow.example:2/600\n");
  struct ctl_why why = ask_about_many(t, "bob@slow.example", 5, &payload);
  assert_int_equal(why.refusal, WHY_RATE);
  assert_in_range(why.opens_s, 1, 600);
  stralloc_free(&payload);
}

static void a_full_window_is_told(void **state) {
  struct testrunner *t = *state;
  stralloc payload = {0};
  control(t, "concurrencydomain", "few.example:1\n");
  struct ctl_why why = ask_about_many(t, "silent@few.example", 0, &payload);
  assert_int_equal(why.refusal, WHY_FULL);
  assert_int_equal(why.window, 1);
  stralloc_free(&payload);
}

static void held_and_unknown_messages(void **state) {
  struct testrunner *t = *state;
  struct queueid id = inject(t, "later@there.example"), other = id;
  stralloc payload = {0};
  testrunner_run(t, 0);
  assert_int_equal(operator_order(&t->runner, &id, ORDER_HOLD, 0), OUTCOME_DONE);
  assert_int_equal(ask(t, &id, &payload).state, WHY_HELD);
  other.s[0] = '9';
  assert_int_equal(ask(t, &other, &payload).state, WHY_UNKNOWN);
  testrunner_crash(t);
  testrunner_start(t);
  assert_int_equal(ask(t, &id, &payload).state, WHY_LOADING);
  testrunner_run(t, 0);
  assert_int_equal(ask(t, &id, &payload).state, WHY_HELD);
  stralloc_free(&payload);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, testrunner_set_up, testrunner_tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(what_has_been_deferred_waits_for_its_time),
    TEST(what_is_under_way_says_so),
    TEST(what_waits_for_a_dead_host_knows_the_next_probe),
    TEST(a_rate_that_is_used_up_is_told),
    TEST(a_full_window_is_told),
    TEST(held_and_unknown_messages),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
