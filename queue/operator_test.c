#include "config.h"
#include "queue/testrunner.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include "lib/agent.h"

static const char sender[] = "ann@far.example";

/* The control server syncs before it answers. */
static enum outcome order(struct testrunner *t, const struct queueid *id, enum order what) {
  enum outcome o = operator_order(&t->runner, id, what, 17);
  testrunner_run(t, 0);
  assert_int_equal(store_sync(&t->runner.store), 0);
  return o;
}

static struct queueid inject(struct testrunner *t, const char *to) {
  return testrunner_inject(t, sender, 0, &to, 1);
}

static struct queueid inject_deferred(struct testrunner *t, const char *to) {
  struct queueid id = inject(t, to);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, to), 1);
  return id;
}

/* A log goes when its message has gone for good. */
static size_t files(struct testrunner *t) {
  assert_int_equal(store_sync(&t->runner.store), 0);
  return testrunner_files(t);
}

static void restart(struct testrunner *t) {
  testrunner_crash(t);
  testrunner_start(t);
}

static ino_t log_inode(struct testrunner *t, const struct queueid *id) {
  char path[64];
  struct stat st;
  snprintf(path, sizeof path, "wait/%02x/%s.log", queueid_folder(id), id->s);
  assert_int_equal(fstatat(t->runner.store.queue_fd, path, &st, 0), 0);
  return st.st_ino;
}

/* ---- hold and release */

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

/* One place: the second destination's job waits while the first is silent. */
static struct queueid begin_two(struct testrunner *t, const char *first, const char *second) {
  const char *const to[] = {first, second};
  testrunner_control(t, "concurrencyremote", "1\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  struct queueid id = testrunner_inject(t, sender, 0, to, 2);
  testrunner_run(t, 0);
  assert_int_equal(testrunner_attempts(t, first), 1);
  assert_int_equal(testrunner_attempts(t, second), 0);
  return id;
}

static void say_of_job(struct testrunner *t, uint64_t job, enum result_class class) {
  struct agent_result r = {.job = job, .result = {.class = class, .text = TEXT("at last")}};
  assert_int_equal(t->played.agent_count, 1);
  assert_int_equal(agent_send_result(t->played.agents[0]->sock, &r, 1000), 0);
  testrunner_run(t, 0);
}

/* The word of the only worker about its first job, and about its second. */
static void say(struct testrunner *t, enum result_class class) { say_of_job(t, 0, class); }
static void say_second(struct testrunner *t, enum result_class class) { say_of_job(t, 1, class); }

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

/* ---- retry */

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

/* ---- expire */

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

/* ---- bounce */

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

/* ---- delete */

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

/* ---- destinations */

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

static void only_names_can_be_held(void **state) {
  struct testrunner *t = *state;
  static const char *const names[] = {"", "a b", "a\nb"};
  for (size_t i = 0; i < COUNT(names); i++)
    assert_int_equal(operator_hold_destination(&t->runner, text_of(names[i]), true, 0), -1);
  restart(t);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, testrunner_set_up, testrunner_tear_down)

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
    TEST(a_message_is_tried_again_at_once),
    TEST(who_is_not_in_this_round_is_tried_again_after_it),
    TEST(a_retry_is_not_forgotten_over_a_failure),
    TEST(who_is_not_in_this_round_expires_after_it),
    TEST(an_expired_message_is_tried_once_more_and_then_returned),
    TEST(an_expired_message_that_is_delivered_is_not_returned),
    TEST(an_expiry_survives_a_restart),
    TEST(the_try_under_way_is_the_last_one_of_an_expired_message),
    TEST(a_message_is_returned_without_a_try),
    TEST(new_mail_is_returned_once_whatever_crashes),
    TEST(who_gets_it_at_this_moment_is_not_said_to_have_failed),
    TEST(a_deferral_of_a_returned_message_is_a_failure),
    TEST(a_deleted_message_leaves_nothing),
    TEST(what_is_under_way_is_deleted_at_once),
    TEST(what_is_retried_is_deleted_at_once),
    TEST(a_worker_that_dies_over_a_deleted_message_defers_nothing),
    TEST(what_lies_in_bad_can_be_deleted),
    TEST(nothing_goes_to_a_held_destination),
    TEST(what_no_worker_has_does_not_go_to_a_held_destination),
    TEST(a_local_user_can_be_held),
    TEST(only_names_can_be_held),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
