/* Who is told of what, and when: a whole runner in virtual time. */
#include "config.h"
#include <stdio.h>
#include <unistd.h>
#include "queue/testdsn.h"

static const char sender[] = "ann@far.example";

/* ---- who is told of what */

static void notify_says_what_is_told(void **state) {
  static const struct {
    uint64_t notify;
    size_t success, failure, delay; /* DSNs */
  } cases[] = {
    {0, 0, 1, 1},
    {NOTIFY_NEVER, 0, 0, 0},
    {NOTIFY_NEVER | NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY, 0, 0, 0},
    {NOTIFY_SUCCESS, 1, 0, 0},
    {NOTIFY_FAILURE, 0, 1, 0},
    {NOTIFY_DELAY, 0, 0, 1},
    {NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY, 1, 1, 1},
  };
  static const char *const to[] = {"bob@here.example", "never@here.example", "later@here.example"};
  static const char *const from[] = {"success@far.example", "failure@far.example", "delay@far.example"};
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct testrunner t;
    testrunner_make(&t);
    testrunner_control(&t, "delaywarning", "14400\n");
    testrunner_start(&t);
    for (size_t n = 0; n < 3; n++) testrunner_inject(&t, from[n], cases[i].notify, &to[n], 1);
    testrunner_run(&t, TEST_DAY_S);
    const size_t expected[] = {cases[i].success, cases[i].failure, cases[i].delay};
    for (size_t n = 0; n < 3; n++)
      if (testrunner_told(&t, "", from[n]) != expected[n]) fail_msg("NOTIFY %u, %s", (unsigned)cases[i].notify, from[n]);
    assert_int_equal(testrunner_files(&t), 2); /* who is delayed */
    testrunner_remove(&t);
  }
}

static void nobody_is_told_of_delays_or_successes_of_bounces(void **state) {
  static const char *const senders[] = {"", "#@[]"};
  static const char *const to[] = {"later@here.example", "bob@here.example"};
  struct testrunner *t = *state;
  testdsn_set(t, "delaywarning", "1\n");
  for (size_t i = 0; i < COUNT(senders); i++)
    testrunner_inject(t, senders[i], NOTIFY_SUCCESS | NOTIFY_DELAY | NOTIFY_FAILURE, to, 2);
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(t->attempt_count, testrunner_attempts(t, to[0]) + testrunner_attempts(t, to[1]));
  assert_false(testrunner_logged(t, "dsn msg"));
  assert_false(testrunner_logged(t, "bounce msg"));
}

/* ---- delays */

static void a_delay_is_told_once(void **state) {
  struct testrunner *t = *state;
  testdsn_set(t, "delaywarning", "14400\n");
  testrunner_inject_one(t, sender, "later@here.example");
  testrunner_run(t, 14399);
  assert_int_equal(testrunner_told(t, "", sender), 0);
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  const struct attempt *dsn = testdsn_to(t, sender, 0);
  assert_int_equal(dsn->at_s, 14400);
  assert_has(dsn, "\nSubject: delay notice\n", "\nAuto-Submitted: auto-replied\n", "\nAction: delayed\n",
             "\nStatus: 4.2.0\n", "\nDiagnostic-Code: x-owlpost; come back\n", "text/rfc822-headers",
             "\nLast-Attempt-Date: 15 Jan 2027 12:00:00 -0000\n",
             "\nWill-Retry-Until: 22 Jan 2027 08:00:00 -0000\n",
             "Attempts go on until 22 Jan 2027 08:00:00 -0000.\n", "\nDelayed: <later@here.example>\n");
  assert_lacks(dsn, "Hi. This is the", "\n<later", "the body", "message/rfc822");
  assert_true(testrunner_logged(t, "dsn msg 18"));
  assert_false(testrunner_logged(t, "bounce msg"));
  testrunner_crash(t);
  testrunner_start(t);
  testrunner_run(t, 7 * TEST_DAY_S);
  assert_int_equal(testrunner_told(t, "", sender), 2);
  assert_has(testdsn_to(t, sender, 1), "\nSubject: failure notice\n", "\nAction: failed\n", "\nStatus: 5.4.7\n",
             "in the queue too long", "\n<later@here.example>:\n");
  assert_lacks(testdsn_to(t, sender, 1), "Will-Retry-Until", "delayed");
  assert_int_equal(testrunner_files(t), 0);
}

static void the_default_warns_after_four_hours(void **state) {
  struct testrunner *t = *state;
  char path[320];
  snprintf(path, sizeof path, "%s/delaywarning", t->control);
  assert_int_equal(remove(path), 0);
  assert_int_equal(runner_load_settings(&t->runner), 0);
  testrunner_inject_one(t, sender, "later@there.example");
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  assert_in_range(testdsn_to(t, sender, 0)->at_s, 14400, 18000);
}

static void a_warning_is_turned_off_by_0(void **state) {
  struct testrunner *t = *state;
  testdsn_set(t, "delaywarning", "0\n");
  testrunner_inject_one(t, sender, "later@here.example");
  testrunner_run(t, 6 * TEST_DAY_S);
  assert_int_equal(testrunner_told(t, "", sender), 0);
}

/* Their destinations are tried at different times. */
static void recipients_who_wait_are_told_of_together(void **state) {
  static const char *const to[] = {"later@here.example", "later@there.example", "later@elsewhere.example"};
  struct testrunner *t = *state;
  testdsn_set(t, "delaywarning", "12000\n");
  testrunner_inject(t, sender, 0, to, 3);
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  for (size_t i = 0; i < 3; i++) assert_true(testrunner_body_has(testdsn_to(t, sender, 0), to[i]));
}

static void a_failure_and_a_delay_share_a_dsn(void **state) {
  static const char *const to[] = {"later@here.example", "die@here.example"};
  struct testrunner *t = *state;
  testdsn_set(t, "delaywarning", "14400\n");
  testrunner_inject(t, sender, 0, to, 2);
  testrunner_run(t, 14390);
  t->means[SAY_DIE] = SAY_FAILURE;
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  const struct attempt *dsn = testdsn_to(t, sender, 0);
  assert_has(dsn, "\nSubject: failure notice\n", "Hi. This is the", "\n<die@here.example>:\n",
             "\nDelayed: <later@here.example>\n", "\nAction: failed\n", "\nAction: delayed\n", "message/rfc822",
             "\n\nbody\n");
}

/* They are parked, most without an attempt of their own. */
static void who_waits_for_a_dead_host_is_warned(void **state) {
  struct testrunner *t = *state;
  testdsn_set(t, "delaywarning", "14400\n");
  for (unsigned i = 0; i < 20; i++) testrunner_inject_one(t, sender, "down@dead.example");
  testrunner_run(t, 14390);
  assert_int_equal(testrunner_told(t, "", sender), 0);
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(testrunner_told(t, "", sender), 20);
  for (size_t i = 0; i < 20; i++) assert_has(testdsn_to(t, sender, i), "\nAction: delayed\n", "nobody there");
  testrunner_run(t, 7 * TEST_DAY_S);
  assert_int_equal(testrunner_told(t, "", sender), 40);
  assert_int_equal(testrunner_files(t), 0);
}

static void who_is_held_is_warned(void **state) {
  struct testrunner *t = *state;
  testdsn_set(t, "delaywarning", "14400\n");
  struct lane *l = lanes_named(&t->runner.lanes, TEXT("held.example"), true);
  lane_hold(&t->runner.lanes, l, true, t->boot_us);
  testrunner_inject_one(t, sender, "bob@held.example");
  testrunner_inject_one(t, "", "bob@held.example");
  testrunner_run(t, 9 * TEST_DAY_S);
  assert_int_equal(testrunner_attempts(t, "bob@held.example"), 0);
  assert_int_equal(t->attempt_count, 1);
  assert_has(testdsn_to(t, sender, 0), "\nAction: delayed\nStatus: 4.4.5\n", "held by the administrator");
}

/* It lies in todo/ when a crash comes, and under the new settings it would not
 * have been made. */
static void a_dsn_of_other_settings_keeps_its_number(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@there.example";
  testdsn_set(t, "delaywarning", "1000\n");
  struct queueid id = testrunner_inject(t, sender, 0, &to, 1);
  testrunner_run(t, 1000);
  char log[400];
  stralloc before = {0};
  assert_int_equal(store_read_log(&t->runner.store, &id, &before), 0);
  t->means[SAY_SUCCESS] = SAY_NOTHING;
  testrunner_run(t, 700); /* told at 1600 */
  assert_int_equal(testrunner_told(t, "", sender), 1);
  stralloc whole = {0};
  assert_int_equal(store_read_log(&t->runner.store, &id, &whole), 0);
  testrunner_crash(t);
  /* the record of the attempt stays, that of the telling goes */
  struct text rest;
  struct logrecord record;
  size_t keep = 0;
  assert_true(msglog_first(text_of_stralloc(&whole), &rest));
  while (msglog_next(&rest, &record) == MSGLOG_RECORD && !record.told) keep = whole.len - rest.len;
  assert_true(keep > before.len && keep < whole.len);
  snprintf(log, sizeof log, "%s/wait/%02x/%s.log", t->queue.path, queueid_folder(&id), id.s);
  assert_int_equal(truncate(log, (off_t)keep), 0);
  testrunner_control(t, "delaywarning", "0\n");
  t->means[SAY_SUCCESS] = SAY_SUCCESS;
  testrunner_start(t);
  testrunner_run(t, 1000);
  assert_int_equal(testrunner_told(t, "", sender), 2); /* the same one */
  t->means[SAY_DEFERRAL] = SAY_FAILURE;
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(testrunner_told(t, "", sender), 3);
  char second[64];
  struct queueid next;
  bounce_id(&next, &id, 1);
  snprintf(second, sizeof second, "Message-ID: <%s@", next.s);
  assert_has(testdsn_to(t, sender, 2), second, "\nAction: failed\n");
  stralloc_free(&before);
  stralloc_free(&whole);
}

/* ---- successes */

static void what_a_success_was_is_told(void **state) {
  static const struct {
    enum result_action action;
    const char *words, *text;
  } cases[] = {
    {ACTION_DELIVERED, "\nAction: delivered\n", "\nDelivered: <bob@here.example>\n"},
    {ACTION_RELAYED, "\nAction: relayed\n", "\nHanded on: <bob@here.example>\n"},
    {ACTION_EXPANDED, "\nAction: expanded\n", "It was sent on from there; its further way is not reported.\n"},
  };
  const char *to = "bob@here.example";
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct testrunner t;
    testrunner_make(&t);
    testrunner_start(&t);
    t.success = &(struct result){.class = RESULT_SUCCESS, .action = cases[i].action, .text = TEXT("fine")};
    testrunner_inject(&t, sender, NOTIFY_SUCCESS, &to, 1);
    testrunner_run(&t, 10);
    assert_int_equal(testrunner_told(&t, "", sender), 1);
    assert_int_equal(testrunner_attempts(&t, to), 1);
    assert_has(testdsn_to(&t, sender, 0), cases[i].words, cases[i].text, "\nSubject: delivery notice\n",
               "\nStatus: 2.0.0\n", "text/rfc822-headers");
    assert_lacks(testdsn_to(&t, sender, 0), "Diagnostic-Code", "Hi. This is the", "Will-Retry-Until");
    assert_int_equal(testrunner_files(&t), 0);
    testrunner_remove(&t);
  }
}

/* The next hop was given the terms, and tells the rest itself. */
static void what_was_handed_over_is_not_told(void **state) {
  const char *to = "bob@here.example";
  struct testrunner *t = *state;
  t->success = &(struct result){.class = RESULT_SUCCESS, .action = ACTION_HANDED_OVER, .text = TEXT("fine")};
  testrunner_inject(t, sender, NOTIFY_SUCCESS | NOTIFY_FAILURE, &to, 1);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, to), 1);
  assert_int_equal(testrunner_told(t, "", sender), 0);
  assert_int_equal(testrunner_files(t), 0);
}

static void each_round_tells_its_own_successes(void **state) {
  static const char *const to[] = {"bob@here.example", "later@here.example"};
  struct testrunner *t = *state;
  testrunner_inject(t, sender, NOTIFY_SUCCESS, to, 2);
  testrunner_run(t, 10);
  t->means[SAY_DEFERRAL] = SAY_SUCCESS;
  testrunner_run(t, 1000);
  assert_int_equal(testrunner_told(t, "", sender), 2);
  assert_has(testdsn_to(t, sender, 0), "rfc822; bob@here.example\n");
  assert_has(testdsn_to(t, sender, 1), "rfc822; later@here.example\n");
  assert_lacks(testdsn_to(t, sender, 1), "bob@here.example");
  assert_int_equal(testrunner_files(t), 0);
}

/* ---- settings */

static void a_bounce_has_a_life_of_its_own(void **state) {
  static const struct {
    const char *from, *told;
    uint64_t life_s;
  } cases[] = {{"", "postmaster@here.example", 7200}, {sender, sender, 10000}};
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct testrunner t;
    testrunner_make(&t);
    testrunner_control(&t, "queuelifetime", "10000\n");
    testrunner_control(&t, "bouncelifetime", "7200\n");
    testrunner_start(&t);
    testrunner_inject_one(&t, cases[i].from, "later@there.example");
    testrunner_run(&t, cases[i].life_s - 1);
    assert_int_equal(testrunner_attempts(&t, cases[i].told), 0);
    testrunner_run(&t, 1); /* its last try, where the schedule has none */
    size_t attempts = testrunner_attempts(&t, "later@there.example");
    assert_int_equal(testrunner_attempt(&t, "later@there.example", attempts - 1)->at_s, cases[i].life_s);
    testrunner_run(&t, 10);
    assert_int_equal(testrunner_attempts(&t, cases[i].told), 1);
    assert_int_equal(testrunner_files(&t), 0);
    testrunner_remove(&t);
  }
}

static void bouncelifetime_is_queuelifetime_at_first(void **state) {
  struct testrunner *t = *state;
  testdsn_set(t, "queuelifetime", "5000\n");
  assert_int_equal(t->runner.settings.bouncelifetime_s, 5000);
}

int main(void) {
#define TEST_CASE(NAME) cmocka_unit_test_setup_teardown(NAME, testrunner_set_up, testrunner_tear_down)
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(notify_says_what_is_told),
    TEST_CASE(nobody_is_told_of_delays_or_successes_of_bounces),
    TEST_CASE(a_delay_is_told_once),
    TEST_CASE(the_default_warns_after_four_hours),
    TEST_CASE(a_warning_is_turned_off_by_0),
    TEST_CASE(recipients_who_wait_are_told_of_together),
    TEST_CASE(a_failure_and_a_delay_share_a_dsn),
    TEST_CASE(who_waits_for_a_dead_host_is_warned),
    TEST_CASE(who_is_held_is_warned),
    TEST_CASE(a_dsn_of_other_settings_keeps_its_number),
    cmocka_unit_test(what_a_success_was_is_told),
    TEST_CASE(what_was_handed_over_is_not_told),
    TEST_CASE(each_round_tells_its_own_successes),
    cmocka_unit_test(a_bounce_has_a_life_of_its_own),
    TEST_CASE(bouncelifetime_is_queuelifetime_at_first),
  };
  return cmocka_run_group_tests_name("bounce", tests, NULL, NULL);
}
