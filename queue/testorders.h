/* testorders.h - orders to a runner that a test drives, and messages that they are about */
#ifndef OWL_TESTORDERS_H
#define OWL_TESTORDERS_H

#include "queue/testrunner.h"

static const char sender[] = "ann@far.example";

/* The control server syncs before it answers. */
static inline enum outcome order(struct testrunner *t, const struct queueid *id, enum order what) {
  enum outcome o = operator_order(&t->runner, id, what, 17);
  testrunner_run(t, 0);
  assert_int_equal(store_sync(&t->runner.store), 0);
  return o;
}

static inline struct queueid inject(struct testrunner *t, const char *to) {
  return testrunner_inject(t, sender, 0, &to, 1);
}

static inline struct queueid inject_deferred(struct testrunner *t, const char *to) {
  struct queueid id = inject(t, to);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, to), 1);
  return id;
}

/* A log goes when its message has gone for good. */
static inline size_t files(struct testrunner *t) {
  assert_int_equal(store_sync(&t->runner.store), 0);
  return testrunner_files(t);
}

static inline void restart(struct testrunner *t) {
  testrunner_crash(t);
  testrunner_start(t);
}

/* One place: the second destination's job waits while the first is silent. */
static inline struct queueid begin_two(struct testrunner *t, const char *first, const char *second) {
  const char *const to[] = {first, second};
  testrunner_control(t, "concurrencyremote", "1\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  struct queueid id = testrunner_inject(t, sender, 0, to, 2);
  testrunner_run(t, 0);
  assert_int_equal(testrunner_attempts(t, first), 1);
  assert_int_equal(testrunner_attempts(t, second), 0);
  return id;
}

static inline void say_of_job(struct testrunner *t, uint64_t job, enum result_class class) {
  struct agent_result r = {.job = job, .result = {.class = class, .text = TEXT("at last")}};
  assert_int_equal(t->played.agent_count, 1);
  assert_int_equal(agent_send_result(t->played.agents[0]->sock, &r, 1000), 0);
  testrunner_run(t, 0);
}

/* The word of the only worker about its first job, and about its second. */
static inline void say(struct testrunner *t, enum result_class class) { say_of_job(t, 0, class); }
static inline void say_second(struct testrunner *t, enum result_class class) { say_of_job(t, 1, class); }

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, testrunner_set_up, testrunner_tear_down)

#endif
