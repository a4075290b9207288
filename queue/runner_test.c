#include "config.h"
#include "queue/newmessage.h"
#include "queue/testrunner.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char sender[] = "ann@far.example";

/* ---- the plain ways */

static void a_message_delivered_at_its_first_try_leaves_nothing(void **state) {
  struct testrunner *t = *state;
  testrunner_inject_one(t, sender, "bob@here.example");
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, "bob@here.example"), 1);
  assert_int_equal(t->attempts[0].channel, CHANNEL_LOCAL);
  assert_string_equal(t->attempts[0].sender, sender);
  assert_int_equal(testrunner_files(t), 0);
  assert_true(testrunner_logged(t, "end msg "));
}

static void a_deferral_moves_the_message_to_wait_and_begins_its_log(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@here.example";
  char folder[16];
  struct queueid id = testrunner_inject(t, sender, 0, &to, 1);
  testrunner_run(t, 10);
  store_wait_folder(folder, queueid_folder(&id));
  assert_int_equal(testrunner_files_in(t, "todo"), 0);
  assert_int_equal(testrunner_files_in(t, folder), 2);
  t->means[SAY_DEFERRAL] = SAY_SUCCESS;
  testrunner_run(t, 100);
  assert_int_equal(testrunner_attempts(t, to), 2);
  assert_int_equal(testrunner_files(t), 0);
}

/* No spawner could be asked for such a worker. */
static void an_address_without_a_host_fails_and_harms_nobody(void **state) {
  struct testrunner *t = *state;
  char long_host[TEST_ADDRESS_MAX * 4] = "bob@";
  memset(long_host + 4, 'h', 300);
  const char *to[] = {"bob@", "bob@here.example", long_host};
  testrunner_inject(t, sender, 0, to, COUNT(to));
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, "bob@here.example"), 1);
  assert_int_equal(t->attempt_count, 2); /* the DSN */
  assert_string_equal(t->attempts[1].address, sender);
  assert_true(testrunner_body_has(&t->attempts[1], "Status: 5.1.2"));
  assert_int_equal(testrunner_files(t), 0);
}

static uint64_t root(uint64_t n) {
  uint64_t r = 0;
  while ((r + 1) * (r + 1) <= n) r++;
  return r;
}

static void retries_are_qmails_until_the_lifetime_is_over(void **state) {
  static const struct {
    const char *address;
    uint64_t skip_s;
  } channels[] = {{"later@here.example", 10}, {"later@there.example", 20}};
  struct testrunner *t = *state;
  for (size_t c = 0; c < COUNT(channels); c++) testrunner_inject_one(t, sender, channels[c].address);
  testrunner_run(t, 9 * TEST_DAY_S);
  for (size_t c = 0; c < COUNT(channels); c++) {
    uint64_t expected_s = 0;
    for (size_t n = 0;; n++) {
      const struct attempt *a = testrunner_attempt(t, channels[c].address, n);
      assert_non_null(a);
      assert_int_equal(a->at_s, expected_s);
      if (expected_s == 604800) {
        assert_null(testrunner_attempt(t, channels[c].address, n + 1));
        break;
      }
      uint64_t next = root(expected_s) + channels[c].skip_s;
      expected_s = next * next < 604800 ? next * next : 604800; /* the last try, at the end of its life */
    }
  }
}

static void one_dsn_tells_of_an_expired_message(void **state) {
  struct testrunner *t = *state;
  testrunner_inject_one(t, sender, "later@there.example");
  testrunner_run(t, 6 * TEST_DAY_S);
  assert_int_equal(testrunner_told(t, "", sender), 0);
  testrunner_run(t, 14 * TEST_DAY_S);
  assert_int_equal(testrunner_told(t, "", sender), 1);
  const struct attempt *dsn = testrunner_attempt(t, sender, 0);
  assert_true(testrunner_body_has(dsn, "Status: 5.4.7\n"));
  assert_true(testrunner_body_has(dsn, "come back"));
  assert_int_equal(testrunner_files(t), 0);
}

/* ---- scheduled once */

static void a_late_poke_does_not_schedule_a_message_twice(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@there.example";
  struct queueid id = testrunner_inject(t, sender, 0, &to, 1);
  testrunner_run(t, 10);
  assert_int_equal(waitlist_waiting(&t->runner.waitlist), 1); /* its folder was loaded after it came there */
  runner_found(&t->runner, &id); /* it lies in wait/ by now */
  testrunner_run(t, 0);
  assert_int_equal(waitlist_waiting(&t->runner.waitlist), 1);
  testrunner_run(t, 1000);
  assert_int_equal(t->attempt_count, 2);
  t->means[SAY_DEFERRAL] = SAY_NOTHING;
  testrunner_run(t, 1000); /* the third is under way */
  runner_found(&t->runner, &id);
  testrunner_run(t, 1000);
  assert_int_equal(t->attempt_count, 3);
}

static void a_late_poke_before_the_backlog_is_loaded_loses_nothing(void **state) {
  struct testrunner *t = *state;
  const char *to = "later@there.example";
  struct queueid id = testrunner_inject(t, sender, 0, &to, 1);
  testrunner_run(t, 10);
  testrunner_crash(t);
  testrunner_start(t);
  runner_found(&t->runner, &id);
  testrunner_run(t, 1000);
  assert_int_equal(t->attempt_count, 2);
  assert_int_equal(t->attempts[1].at_s, 400);
}

/* ---- clocks */

static void two_weeks_switched_off_bounce_nothing(void **state) {
  struct testrunner *t = *state;
  testrunner_inject_one(t, sender, "later@there.example");
  testrunner_run(t, 2 * TEST_DAY_S);
  testrunner_crash(t);
  t->wall_us += (uint64_t)14 * TEST_DAY_S * 1000000;
  testrunner_start(t);
  size_t before = t->attempt_count;
  testrunner_run(t, 3600);
  assert_int_equal(t->attempt_count, before + 1); /* it was due */
  assert_int_equal(testrunner_told(t, "", sender), 0);
  testrunner_run(t, 3 * TEST_DAY_S);
  assert_int_equal(testrunner_told(t, "", sender), 0);
  testrunner_run(t, 2 * TEST_DAY_S);
  assert_int_equal(testrunner_told(t, "", sender), 1);
}

/* A crash, or somebody who copied the queue, may have lost the log. */
static void a_message_that_lost_its_log_is_as_old_as_its_arrival(void **state) {
  struct testrunner *t = *state;
  char path[64];
  const char *to = "later@there.example";
  struct queueid id = testrunner_inject(t, sender, 0, &to, 1);
  testrunner_run(t, 10000);
  snprintf(path, sizeof path, "wait/%02x/%s.log", queueid_folder(&id), id.s);
  assert_int_equal(unlinkat(t->runner.store.queue_fd, path, 0), 0);
  testrunner_crash(t);
  testrunner_start(t);
  size_t before = t->attempt_count;
  testrunner_run(t, 4000);
  assert_int_equal(t->attempt_count, before + 1);
  testrunner_run(t, 1000); /* (floor(sqrt(10000)) + 20) squared is 14400 */
  assert_int_equal(t->attempt_count, before + 2);
}

static void a_step_of_the_wall_clock_changes_no_schedule(void **state) {
  static const int64_t steps_s[] = {-30 * TEST_DAY_S, 30 * TEST_DAY_S, -7200, 7200};
  (void)state;
  for (size_t i = 0; i < COUNT(steps_s); i++) {
    struct testrunner t;
    testrunner_make(&t);
    testrunner_start(&t);
    testrunner_inject_one(&t, sender, "later@there.example");
    testrunner_run(&t, 1000);
    assert_int_equal(t.attempt_count, 2); /* 0, 400 */
    t.wall_us += (uint64_t)(steps_s[i] * 1000000);
    testrunner_run(&t, 3000);
    assert_int_equal(t.attempt_count, 4);
    assert_int_equal(t.attempts[2].at_s, 1600);
    assert_int_equal(t.attempts[3].at_s, 3600);
    testrunner_run(&t, 6 * TEST_DAY_S + 43200);
    assert_int_equal(testrunner_told(&t, "", sender), 0);
    testrunner_run(&t, TEST_DAY_S);
    assert_int_equal(testrunner_told(&t, "", sender), 1);
    testrunner_remove(&t);
  }
}

static void a_skip_of_nothing_makes_no_hot_loop(void **state) {
  struct testrunner *t = *state;
  testrunner_control(t, "retryskiplocal", "0\n");
  testrunner_control(t, "rescaninterval", "0\n");
  testrunner_control(t, "timeoutidle", "0\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  testrunner_inject_one(t, sender, "later@here.example");
  testrunner_run(t, 100);
  assert_int_equal(t->attempt_count, 11); /* 0, 1, 4, 9... */
}

static void who_is_hurried_keeps_its_age(void **state) {
  struct testrunner *t = *state;
  testrunner_inject_one(t, sender, "later@there.example");
  testrunner_run(t, 1000);
  assert_int_equal(runner_hurry(&t->runner, NULL), 1);
  testrunner_run(t, 0);
  assert_int_equal(t->attempts[2].at_s, 1000);
  testrunner_run(t, 2000);
  assert_int_equal(t->attempt_count, 4);
  assert_int_equal(t->attempts[3].at_s, 51 * 51); /* 31 is the root of 1000 */
}

/* ---- agents that fail */

static void an_agent_that_misbehaves_defers_its_job(void **state) {
  static const struct {
    const char *address;
    bool alarm;
  } cases[] = {{"die@here.example", false},      {"die@there.example", false},
               {"refuse@here.example", false},   {"oddjob@here.example", true},
               {"oddindex@there.example", true}, {"oddclass@here.example", true}};
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct testrunner t;
    testrunner_make(&t);
    testrunner_start(&t);
    testrunner_inject_one(&t, sender, cases[i].address);
    testrunner_run(&t, 10);
    assert_int_equal(t.attempt_count, 1);
    assert_int_equal(testrunner_files(&t), 2);
    assert_true(testrunner_logged(&t, "deferral: "));
    assert_int_equal(testrunner_logged(&t, "malformed report"), cases[i].alarm);
    for (unsigned say = 0; say < SAY_COUNT; say++) t.means[say] = SAY_SUCCESS;
    testrunner_run(&t, 3600);
    assert_int_equal(testrunner_attempts(&t, cases[i].address), 2);
    assert_int_equal(testrunner_files(&t), 0);
    testrunner_remove(&t);
  }
}

static void a_second_report_of_one_recipient_ends_the_worker(void **state) {
  static const char *const to[] = {"twice@there.example", "silent@there.example"};
  struct testrunner *t = *state;
  testrunner_inject(t, sender, 0, to, 2);
  testrunner_run(t, 10);
  assert_true(testrunner_logged(t, "malformed report"));
  assert_int_equal(testrunner_files(t), 2);
  t->means[SAY_NOTHING] = t->means[SAY_TWICE] = SAY_SUCCESS;
  testrunner_run(t, 3600);
  assert_int_equal(testrunner_attempts(t, to[0]), 1);
  assert_int_equal(testrunner_attempts(t, to[1]), 2);
  assert_int_equal(testrunner_files(t), 0);
}

static void a_silent_agent_is_given_up_in_the_end(void **state) {
  struct testrunner *t = *state;
  testrunner_inject_one(t, sender, "silent@here.example");
  testrunner_run(t, TEST_DAY_S + 1);
  assert_true(testrunner_logged(t, "took_longer_than_timeoutdelivery"));
  assert_int_equal(t->played.agent_count, 0);
}

static void an_exit_with_jobs_waiting_makes_no_hot_loop(void **state) {
  static const char *const to[] = {"silent@here.example", "bob@here.example"};
  struct testrunner *t = *state;
  testrunner_control(t, "concurrencyremote", "1\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  testrunner_inject(t, sender, 0, to, 2);
  testrunner_inject_one(t, sender, "silent-1@there.example");
  testrunner_run(t, 1);
  testrunner_inject_one(t, sender, "bob@there.example");
  testrunner_run(t, 1);
  t->runner.exiting = true;
  struct agent_result done = {.result = {.class = RESULT_SUCCESS}};
  size_t far = t->played.agents[0]->channel == CHANNEL_REMOTE ? 0 : 1;
  assert_int_equal(agent_send_result(t->played.agents[far]->sock, &done, 1000), 0);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, "bob@there.example"), 0);
}

/* ---- many destinations, many recipients, large bodies */

enum { MANY = 1000 };
struct many {
  char names[MANY][40];
  const char *to[MANY];
};

/* "START0END", "START1END"... */
static const struct many *make_many(const char *start, const char *end, size_t count) {
  static struct many m;
  for (size_t i = 0; i < count; i++) {
    snprintf(m.names[i], sizeof m.names[i], "%s%u%s", start, (unsigned)i, end);
    m.to[i] = m.names[i];
  }
  return &m;
}

static void thirty_destinations_share_five_places(void **state) {
  struct testrunner *t = *state;
  testrunner_control(t, "concurrencyremote", "5\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  testrunner_inject(t, sender, 0, make_many("bob@far-", ".example", 30)->to, 30);
  testrunner_run(t, 60);
  assert_int_equal(t->attempt_count, 30);
  assert_in_range(t->played.agents_most[CHANNEL_REMOTE], 1, 5);
  assert_int_equal(testrunner_files(t), 0);
}

static void a_host_that_hangs_holds_up_nobody_else(void **state) {
  struct testrunner *t = *state;
  for (unsigned i = 0; i < 2000; i++) testrunner_inject_one(t, sender, "silent@hangs.example");
  testrunner_run(t, 10);
  assert_in_range(t->runner.active_count, 1, 100); /* the others wait without a body in memory */
  testrunner_inject_one(t, sender, "bob@here.example");
  testrunner_inject_one(t, sender, "bob@there.example");
  testrunner_run(t, 1);
  assert_int_equal(testrunner_attempts(t, "bob@here.example"), 1);
  assert_int_equal(testrunner_attempts(t, "bob@there.example"), 1);
}

/* Slow where something costs the square of it. */
static void a_long_list_of_destinations_goes_out(void **state) {
  static const char *const ends[] = {"@here.example", "@there.example"};
  struct testrunner *t = *state;
  for (size_t i = 0; i < 20; i++) {
    char start[16];
    snprintf(start, sizeof start, "u%zu-", i);
    testrunner_inject(t, sender, 0, make_many(start, ends[i % 2], MANY)->to, MANY);
  }
  testrunner_run(t, 600);
  assert_int_equal(t->attempt_count, 20 * MANY);
  assert_int_equal(testrunner_files(t), 0);
}

static void recipientlimit_bounds_a_job(void **state) {
  struct testrunner *t = *state;
  testrunner_control(t, "recipientlimit", "100\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  testrunner_inject(t, sender, 0, make_many("bob-", "@there.example", 500)->to, 500);
  testrunner_run(t, 60);
  assert_int_equal(t->attempt_count, 500);
  for (size_t i = 0; i < 500; i++) assert_int_equal(t->attempts[i].recipients, 100);
  assert_int_equal(testrunner_files(t), 0);
}

static void a_large_body_travels_alone(void **state) {
  static char body[200 * 1024];
  static const char *const to[] = {"bob@here.example", "secret@there.example",
                                   "later@here.example"};
  struct testrunner *t = *state;
  for (size_t i = 0; i < sizeof body; i++) body[i] = i % 64 == 63 ? '\n' : (char)('a' + i % 23);
  testrunner_inject_body(t, (struct text){body, sizeof body}, sender, 0, to, 3);
  unsigned before = open_descriptors();
  testrunner_run(t, 10);
  assert_int_equal(t->attempt_count, 3);
  for (size_t i = 0; i < 3; i++) {
    assert_true(t->attempts[i].by_descriptor);
    assert_int_equal(t->attempts[i].body.len, sizeof body);
    assert_memory_equal(t->attempts[i].body.s, body, sizeof body);
  }
  assert_true(open_descriptors() <= before + 1); /* a log that is not yet synced */
}

static void corrupt(struct testrunner *t, const struct queueid *id) {
  char path[64];
  snprintf(path, sizeof path, "todo/%s", id->s);
  assert_int_equal(fchmodat(t->queue.store.queue_fd, path, 0600, 0), 0);
  int fd = openat(t->queue.store.queue_fd, path, O_WRONLY | O_CLOEXEC);
  assert_int_equal(pwrite(fd, "X", 1, 3), 1);
  close(fd);
}

static void a_corrupted_body_goes_to_bad(void **state) {
  struct testrunner *t = *state;
  const char *to = "bob@here.example";
  struct queueid id = testrunner_inject(t, sender, 0, &to, 1);
  corrupt(t, &id);
  testrunner_run(t, 2 * TEST_HOUR_S);
  assert_int_equal(t->attempt_count, 0);
  assert_int_equal(testrunner_files(t), 0);
  assert_int_equal(testrunner_files_in(t, "bad"), 1);
  assert_true(testrunner_logged(t, "alarm: messages in bad/: 1"));
}

/* A member of the injectors' group can write in todo/, and knows ids. */
static void a_file_planted_in_todo_takes_no_waiting_messages_place(void **state) {
  struct testrunner *t = *state;
  struct newmessage planted;
  struct envelope e = {.sender = text_of(sender)};
  const char *to = "later@here.example";
  struct queueid id = testrunner_inject(t, sender, 0, &to, 1);
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, to), 1);
  envelope_add(&e)->address = text_of("thief@here.example");
  assert_int_equal(newmessage_open(&planted, t->queue.store.queue_fd, &id), NEWMESSAGE_OK);
  assert_int_equal(newmessage_commit(&planted, &e), NEWMESSAGE_OK);
  envelope_free(&e);
  t->means[SAY_DEFERRAL] = SAY_SUCCESS;
  testrunner_run(t, 2 * TEST_HOUR_S);
  assert_int_equal(testrunner_attempts(t, to), 2);
  assert_int_equal(testrunner_attempts(t, "thief@here.example"), 0);
  assert_int_equal(testrunner_files(t), 0);
}

/* ---- settings */

static void settings_that_do_not_check_change_nothing(void **state) {
  struct testrunner *t = *state;
  testrunner_control(t, "concurrencylocal", "3\n");
  testrunner_control(t, "concurrencyremote", "many\n");
  assert_int_equal(runner_load_settings(&t->runner), -1);
  assert_non_null(strstr(t->runner.control.error.s, "concurrencyremote"));
  assert_int_equal(t->runner.settings.concurrency[CHANNEL_LOCAL], 10);
  testrunner_inject_one(t, sender, "bob@here.example");
  testrunner_run(t, 10);
  assert_int_equal(t->attempt_count, 1);
}

static void changed_locals_move_queued_mail(void **state) {
  struct testrunner *t = *state;
  testrunner_inject_one(t, sender, "later@moving.example");
  testrunner_run(t, 10);
  assert_int_equal(t->attempts[0].channel, CHANNEL_REMOTE);
  testrunner_control(t, "locals", "here.example\nmoving.example\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  testrunner_run(t, 3600);
  assert_true(t->attempt_count >= 2);
  assert_int_equal(t->attempts[1].channel, CHANNEL_LOCAL);
}

static struct queueid inject_forward(struct testrunner *t, const char *from, const char *to) {
  struct envelope e = {.sender = text_of(from), .forwarder = text_of("here.example"), .arrival_us = t->wall_us};
  struct envelope_recipient *r = envelope_add(&e);
  assert_non_null(r);
  r->address = text_of(to);
  struct queueid id = testrunner_inject_envelope(t, text_of("Subject: x\n\nx\n"), &e);
  envelope_free(&e);
  return id;
}

static void forwards_have_senders_of_srs_towards_other_hosts(void **state) {
  struct testrunner *t = *state;
  stralloc expected = {0};
  testrunner_control(t, "srsdomains", "here.example:srs.example\n");
  testrunner_control(t, "srssecret", "secret\n");
  testrunner_control(t, "locals", "here.example\nsrs.example\n");
  testrunner_control(t, "lmtproutes", "store.example:/run/store\n");
  assert_int_equal(runner_load_settings(&t->runner), 0);
  assert_int_equal(srs_sign(&expected, text_of("secret"), text_of(sender), text_of("srs.example"), t->wall_us), 1);
  assert_true(stralloc_0(&expected));
  inject_forward(t, sender, "bob@there.example");
  inject_forward(t, sender, "bob@store.example");
  inject_forward(t, sender, "bob@here.example");
  inject_forward(t, "", "nobody@there.example");
  testrunner_inject_one(t, sender, "carl@there.example");
  inject_forward(t, sender, "never@there.example");
  testrunner_run(t, 1);
  assert_int_equal(testrunner_told(t, expected.s, "bob@there.example"), 1);
  assert_int_equal(testrunner_told(t, sender, "bob@store.example"), 1);
  assert_int_equal(testrunner_told(t, sender, "bob@here.example"), 1);
  assert_int_equal(testrunner_told(t, "", "nobody@there.example"), 1);
  assert_int_equal(testrunner_told(t, sender, "carl@there.example"), 1);
  assert_int_equal(testrunner_told(t, "", sender), 1); /* its bounce */
  testrunner_inject_one(t, "", expected.s);
  testrunner_run(t, 1);
  assert_int_equal(testrunner_told(t, "", sender), 2);
  stralloc_free(&expected);
}

int main(void) {
#define TEST_CASE(NAME) cmocka_unit_test_setup_teardown(NAME, testrunner_set_up, testrunner_tear_down)
  const struct CMUnitTest tests[] = {
    TEST_CASE(a_message_delivered_at_its_first_try_leaves_nothing),
    TEST_CASE(an_address_without_a_host_fails_and_harms_nobody),
    TEST_CASE(a_deferral_moves_the_message_to_wait_and_begins_its_log),
    TEST_CASE(retries_are_qmails_until_the_lifetime_is_over),
    TEST_CASE(one_dsn_tells_of_an_expired_message),
    TEST_CASE(a_late_poke_does_not_schedule_a_message_twice),
    TEST_CASE(a_late_poke_before_the_backlog_is_loaded_loses_nothing),
    TEST_CASE(two_weeks_switched_off_bounce_nothing),
    TEST_CASE(a_message_that_lost_its_log_is_as_old_as_its_arrival),
    TEST_CASE(forwards_have_senders_of_srs_towards_other_hosts),
    cmocka_unit_test(a_step_of_the_wall_clock_changes_no_schedule),
    TEST_CASE(a_skip_of_nothing_makes_no_hot_loop),
    TEST_CASE(who_is_hurried_keeps_its_age),
    cmocka_unit_test(an_agent_that_misbehaves_defers_its_job),
    TEST_CASE(a_second_report_of_one_recipient_ends_the_worker),
    TEST_CASE(a_silent_agent_is_given_up_in_the_end),
    TEST_CASE(an_exit_with_jobs_waiting_makes_no_hot_loop),
    TEST_CASE(thirty_destinations_share_five_places),
    TEST_CASE(a_host_that_hangs_holds_up_nobody_else),
    TEST_CASE(a_long_list_of_destinations_goes_out),
    TEST_CASE(recipientlimit_bounds_a_job),
    TEST_CASE(a_large_body_travels_alone),
    TEST_CASE(a_corrupted_body_goes_to_bad),
    TEST_CASE(a_file_planted_in_todo_takes_no_waiting_messages_place),
    TEST_CASE(settings_that_do_not_check_change_nothing),
    TEST_CASE(changed_locals_move_queued_mail),
  };
  return cmocka_run_group_tests_name("runner", tests, NULL, NULL);
}
