/* Hold and release of messages. */
#include "config.h"
#include "queue/testorders.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include "lib/agent.h"

static ino_t log_inode(struct testrunner *t, const struct queueid *id) {
  char path[64];
  struct stat st;
  snprintf(path, sizeof path, "wait/%02x/%s.log", queueid_folder(id), id->s);
  assert_int_equal(fstatat(t->runner.store.queue_fd, path, &st, 0), 0);
  return st.st_ino;
}

static void a_held_message_is_tried_when_it_is_released(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@there.example";
  struct queueid id = inject_deferred(t, to);
  assert_int_equal(order(t, &id, ORDER_HOLD), OUTCOME_DONE);
  assert_int_equal(order(t, &id, ORDER_HOLD), OUTCOME_ALREADY);
  assert_true(testrunner_logged(t, "order: hold msg "));
  assert_true(testrunner_logged(t, " by uid 17\n"));
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(testrunner_attempts(t, to), 1);
  assert_int_equal(order(t, &id, ORDER_RETRY), OUTCOME_HELD);
  assert_int_equal(testrunner_attempts(t, to), 1);
  assert_int_equal(order(t, &id, ORDER_RELEASE), OUTCOME_DONE);
  assert_int_equal(testrunner_attempts(t, to), 2);
  assert_int_equal(order(t, &id, ORDER_RELEASE), OUTCOME_ALREADY);
  testrunner_run(t, TEST_DAY_S);
  assert_true(testrunner_attempts(t, to) > 4);
}

/* A sync that succeeds later says nothing about what an earlier one lost. */
static void after_a_failed_sync_an_order_is_in_a_log_that_is_written_anew(void **state) {
  struct testrunner *t = *state;
  struct queueid id = inject_deferred(t, "later@there.example");
  assert_int_equal(order(t, &id, ORDER_HOLD), OUTCOME_DONE);
  ino_t first = log_inode(t, &id);
  assert_int_equal(order(t, &id, ORDER_HOLD), OUTCOME_ALREADY);
  assert_int_equal(log_inode(t, &id), first);
  t->runner.store.doubtful = true;
  assert_int_equal(order(t, &id, ORDER_HOLD), OUTCOME_ALREADY);
  ino_t second = log_inode(t, &id);
  assert_int_not_equal(second, first);
  assert_int_equal(order(t, &id, ORDER_RELEASE), OUTCOME_DONE);
  assert_int_not_equal(log_inode(t, &id), second);
  assert_int_equal(testrunner_attempts(t, "later@there.example"), 2);
  assert_int_equal(order(t, &id, ORDER_HOLD), OUTCOME_DONE);
  restart(t);
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(testrunner_attempts(t, "later@there.example"), 2);
}

static void a_hold_survives_a_restart(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@there.example";
  struct queueid id = inject_deferred(t, to);
  order(t, &id, ORDER_HOLD);
  restart(t);
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(testrunner_attempts(t, to), 1);
  assert_int_equal(order(t, &id, ORDER_RELEASE), OUTCOME_DONE);
  assert_int_equal(testrunner_attempts(t, to), 2);
}

static void a_release_survives_a_restart(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@there.example";
  struct queueid id = inject_deferred(t, to);
  order(t, &id, ORDER_HOLD);
  assert_int_equal(operator_order(&t->runner, &id, ORDER_RELEASE, 0), OUTCOME_DONE);
  restart(t);
  testrunner_run(t, 0);
  assert_int_equal(testrunner_attempts(t, to), 2);
}

static void new_mail_can_be_held(void **state) {
  struct testrunner *t = *state;
  const char *to = "bob@here.example";
  struct queueid id = inject(t, to);
  assert_int_equal(order(t, &id, ORDER_HOLD), OUTCOME_DONE);
  runner_found(&t->runner, &id); /* a poke that comes late */
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(testrunner_files_in(t, "todo"), 0);
  assert_int_equal(files(t), 2);
  assert_int_equal(t->attempt_count, 0);
  restart(t);
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(t->attempt_count, 0);
  assert_int_equal(order(t, &id, ORDER_RELEASE), OUTCOME_DONE);
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(t->attempt_count, 1);
  assert_int_equal(files(t), 0);
}

static void new_mail_that_no_poke_named_can_be_held(void **state) {
  struct testrunner *t = *state;
  const char *to = "bob@here.example";
  testrunner_run(t, 0);
  struct queueid id = testqueue_inject(&t->queue, "body\n", sender, &to, 1);
  assert_int_equal(order(t, &id, ORDER_HOLD), OUTCOME_DONE);
  testrunner_run(t, 2 * TEST_DAY_S);
  assert_int_equal(t->attempt_count, 0);
  assert_int_equal(order(t, &id, ORDER_RELEASE), OUTCOME_DONE);
  assert_int_equal(t->attempt_count, 1);
  assert_int_equal(files(t), 0);
}

static void a_held_message_does_not_expire(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@there.example";
  struct queueid id = inject_deferred(t, to);
  order(t, &id, ORDER_HOLD);
  testrunner_run(t, 30 * TEST_DAY_S);
  assert_int_equal(t->attempt_count, 1);
  assert_int_equal(testrunner_told(t, "", sender), 0);
  t->means[SAY_DEFERRAL] = SAY_SUCCESS;
  order(t, &id, ORDER_RELEASE);
  assert_int_equal(testrunner_attempts(t, to), 2);
  assert_int_equal(files(t), 0);
}

static void what_is_held_before_the_backlog_is_loaded_is_not_tried(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@there.example";
  struct queueid id = inject_deferred(t, to);
  restart(t);
  assert_int_equal(operator_order(&t->runner, &id, ORDER_HOLD, 0), OUTCOME_DONE);
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(testrunner_attempts(t, to), 1);
  restart(t);
  assert_int_equal(operator_order(&t->runner, &id, ORDER_RELEASE, 0), OUTCOME_DONE);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, to), 2);
}

static void a_hold_takes_back_what_no_worker_has(void **state) {
  struct testrunner *t = *state;
  struct queueid id = begin_two(t, "silent@a.example", "bob@b.example");
  assert_int_equal(order(t, &id, ORDER_HOLD), OUTCOME_DONE);
  say(t, RESULT_SUCCESS); /* what is under way goes on, and counts */
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(t->attempt_count, 1);
  assert_int_equal(order(t, &id, ORDER_RELEASE), OUTCOME_DONE);
  testrunner_run(t, 10);
  assert_int_equal(t->attempt_count, 2);
  assert_int_equal(testrunner_attempts(t, "bob@b.example"), 1);
  assert_int_equal(files(t), 0);
}

static void a_hold_can_be_undone_while_deliveries_are_under_way(void **state) {
  struct testrunner *t = *state;
  struct queueid id = begin_two(t, "silent@a.example", "bob@b.example");
  order(t, &id, ORDER_HOLD);
  assert_int_equal(order(t, &id, ORDER_RELEASE), OUTCOME_DONE);
  say(t, RESULT_SUCCESS);
  testrunner_run(t, 100);
  assert_int_equal(testrunner_attempts(t, "bob@b.example"), 1);
  assert_int_equal(files(t), 0);
}

static void a_long_list_gets_no_more_jobs_while_it_is_held(void **state) {
  struct testrunner *t = *state;
  enum { LIST = 100 };
  static char addresses[LIST][32];
  const char *to[LIST];
  for (size_t i = 0; i < LIST; i++) {
    snprintf(addresses[i], sizeof addresses[i], "silent@d%zu.example", i);
    to[i] = addresses[i];
  }
  testrunner_control(t, "concurrencyremote", "1\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  struct queueid id = testrunner_inject(t, sender, 0, to, LIST);
  testrunner_run(t, 0);
  assert_int_equal(t->attempt_count, 1);
  assert_int_equal(order(t, &id, ORDER_HOLD), OUTCOME_DONE);
  say(t, RESULT_SUCCESS);
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(t->attempt_count, 1);
}

static void append(struct testrunner *t, const struct queueid *id, struct logrecord r) {
  struct message m;
  const char *reason;
  stralloc record = {0};
  assert_int_equal(message_load(&m, &t->runner.store, id, &reason), MESSAGE_OK);
  assert_int_equal(msglog_cat(&record, &r), 0);
  assert_int_equal(message_append(&m, &t->runner.store, text_of_stralloc(&record)), 0);
  stralloc_free(&record);
  message_free(&m);
}

/* A crash came between the failure and its DSN; then owlq held the message. */
static void a_failure_is_told_although_the_message_is_held(void **state) {
  struct testrunner *t = *state;
  const char *const to[] = {"later@here.example", "later-too@here.example"};
  struct queueid id = testrunner_inject(t, sender, 0, to, 2);
  testrunner_run(t, 0);
  testrunner_crash(t);
  t->wall_us += UINT64_C(1000) * 1000000; /* the other one is due */
  testrunner_start(t);
  struct orderer by = {0, t->wall_us};
  struct ordered after;
  append(t, &id, (struct logrecord){.time_us = t->wall_us - UINT64_C(1000) * 1000000,
                                    .result = {.class = RESULT_FAILURE, .status = text_of("5.1.1")}});
  assert_int_equal(order_carry_out(&t->runner.store, &id, ORDER_HOLD, &by, &after), OUTCOME_DONE);
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  assert_int_equal(testrunner_attempts(t, to[1]), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(a_held_message_is_tried_when_it_is_released),
    TEST(a_hold_survives_a_restart),
    TEST(after_a_failed_sync_an_order_is_in_a_log_that_is_written_anew),
    TEST(a_release_survives_a_restart),
    TEST(new_mail_can_be_held),
    TEST(new_mail_that_no_poke_named_can_be_held),
    TEST(a_held_message_does_not_expire),
    TEST(what_is_held_before_the_backlog_is_loaded_is_not_tried),
    TEST(a_hold_takes_back_what_no_worker_has),
    TEST(a_hold_can_be_undone_while_deliveries_are_under_way),
    TEST(a_long_list_gets_no_more_jobs_while_it_is_held),
    TEST(a_failure_is_told_although_the_message_is_held),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
