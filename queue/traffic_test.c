#include "config.h"
#include "queue/testrunner.h"
#include <stdio.h>
#include <string.h>

/* What destinations that are down, slow or limited do to the mail of others,
 * and to their own. */

static const char sender[] = "ann@far.example";

static void control(struct testrunner *t, const char *name, const char *content) {
  testrunner_control(t, name, content);
  assert_int_equal(runner_load_settings(&t->runner), 0);
}

static void inject_many(struct testrunner *t, const char *from, const char *to, unsigned count) {
  for (unsigned i = 0; i < count; i++) testrunner_inject_one(t, from, to);
}

static struct lane *lane(struct testrunner *t, const char *name) {
  struct lane *l = lanes_named(&t->runner.lanes, text_of(name), false);
  assert_non_null(l);
  return l;
}

/* ---- a destination that is down */

static void a_dead_host_costs_one_probe_at_a_time(void **state) {
  struct testrunner *t = *state;
  inject_many(t, sender, "down@dead.example", 3000);
  testrunner_run(t, 50);
  assert_in_range(t->attempt_count, 1, 6); /* its first window */
  testrunner_run(t, TEST_HOUR_S);
  assert_in_range(t->attempt_count, 5, 17); /* after 60, 120, 240... s */
  testrunner_run(t, TEST_DAY_S - TEST_HOUR_S);
  assert_in_range(t->attempt_count, 25, 40);
  assert_int_equal(t->runner.active_count, 0);
  assert_int_equal(waitlist_waiting(&t->runner.waitlist), 3000);
  testrunner_inject_one(t, sender, "bob@there.example");
  testrunner_run(t, 0);
  assert_int_equal(testrunner_attempts(t, "bob@there.example"), 1);
}

static void all_goes_out_when_it_is_back(void **state) {
  struct testrunner *t = *state;
  inject_many(t, sender, "down@dead.example", 3000);
  testrunner_run(t, TEST_DAY_S);
  size_t before = t->attempt_count;
  t->means[SAY_UNREACHED] = SAY_SUCCESS;
  testrunner_run(t, 2 * TEST_HOUR_S);
  assert_int_equal(t->attempt_count, before + 3000);
  assert_int_equal(testrunner_files(t), 0);
}

static void what_is_not_yet_loaded_goes_out_too(void **state) {
  struct testrunner *t = *state;
  inject_many(t, sender, "down@dead.example", 100);
  testrunner_run(t, TEST_HOUR_S);
  testrunner_crash(t);
  testrunner_start(t);
  t->means[SAY_UNREACHED] = SAY_SUCCESS;
  testrunner_run(t, 2 * TEST_HOUR_S);
  assert_int_equal(testrunner_files(t), 0);
}

/* Nobody is told again and again, and nobody waits for ever. */
static void who_waits_for_a_dead_host_is_told_at_the_end(void **state) {
  struct testrunner *t = *state;
  inject_many(t, sender, "down@dead.example", 50);
  testrunner_run(t, 7 * TEST_DAY_S - TEST_HOUR_S);
  assert_int_equal(testrunner_told(t, "", sender), 0);
  testrunner_run(t, TEST_DAY_S);
  assert_int_equal(testrunner_told(t, "", sender), 50);
  assert_true(testrunner_body_has(testrunner_attempt(t, sender, 0), "nobody there"));
  assert_int_equal(testrunner_files(t), 0);
}

static void a_list_goes_on_past_its_dead_recipients(void **state) {
  static const char *const to[] = {"down@dead.example", "bob@there.example", "down-2@dead.example",
                                   "joe@here.example"};
  struct testrunner *t = *state;
  inject_many(t, sender, "down@dead.example", 20);
  testrunner_run(t, 10);
  testrunner_inject(t, sender, 0, to, COUNT(to));
  testrunner_run(t, 10);
  assert_int_equal(testrunner_attempts(t, "bob@there.example"), 1);
  assert_int_equal(testrunner_attempts(t, "joe@here.example"), 1);
  t->means[SAY_UNREACHED] = SAY_SUCCESS;
  testrunner_run(t, TEST_HOUR_S);
  assert_int_equal(testrunner_attempts(t, "down-2@dead.example"), 1);
  assert_int_equal(testrunner_attempts(t, "bob@there.example"), 1);
  assert_int_equal(testrunner_files(t), 0);
}

static void a_421_is_not_answered_with_more(void **state) {
  struct testrunner *t = *state;
  inject_many(t, sender, "away@busy.example", 500);
  testrunner_run(t, 50);
  assert_in_range(t->attempt_count, 1, 10);
  assert_true(lane(t, "busy.example")->window.down);
  t->means[SAY_TURNED_AWAY] = SAY_SUCCESS;
  testrunner_run(t, TEST_HOUR_S);
  assert_int_equal(testrunner_files(t), 0);
}

/* The operator does not wait for a probe. */
static void hurry_probes_at_once(void **state) {
  struct testrunner *t = *state;
  inject_many(t, sender, "down@dead.example", 20);
  testrunner_run(t, 5);
  size_t before = t->attempt_count;
  (void)runner_hurry(&t->runner, NULL);
  testrunner_run(t, 0);
  assert_int_equal(t->attempt_count, before + 1);
}

/* Its probe came to nothing for a reason of our own: that is no answer. */
static void a_probe_that_fails_here_is_not_repeated_at_once(void **state) {
  struct testrunner *t = *state;
  inject_many(t, sender, "down@dead.example", 20);
  testrunner_run(t, 50);
  size_t before = t->attempt_count;
  t->means[SAY_UNREACHED] = SAY_DIE;
  testrunner_run(t, TEST_HOUR_S);
  assert_in_range(t->attempt_count, before + 2, before + 60);
  t->means[SAY_UNREACHED] = SAY_SUCCESS;
  testrunner_run(t, 2 * TEST_HOUR_S);
  assert_int_equal(testrunner_files(t), 0);
}

/* Its connection breaks whatever is sent before it: nobody behind it suffers. */
static void a_message_that_breaks_connections_is_not_every_probe(void **state) {
  struct testrunner *t = *state;
  testrunner_inject_one(t, sender, "down@poison.example");
  testrunner_run(t, 10);
  for (unsigned i = 0; i < 20; i++) {
    testrunner_inject_one(t, sender, "down-2@poison.example");
    testrunner_inject_one(t, sender, "bob@poison.example");
  }
  testrunner_run(t, 2 * TEST_HOUR_S);
  assert_int_equal(testrunner_attempts(t, "bob@poison.example"), 20);
}

/* A place and room are left for who answers, whoever hangs. */
static void hosts_never_reached_leave_room_for_one_that_answers(void **state) {
  char to[64];
  struct testrunner *t = *state;
  testrunner_inject_one(t, sender, "bob@there.example");
  testrunner_run(t, 1);
  for (unsigned i = 0; i < 500; i++) {
    snprintf(to, sizeof to, "silent@hangs%u.example", i);
    testrunner_inject_one(t, sender, to);
  }
  testrunner_run(t, 10);
  inject_many(t, sender, "bob@there.example", 200);
  testrunner_run(t, 1);
  assert_int_equal(testrunner_attempts(t, "bob@there.example"), 201);
}

/* There is no room for all of its recipients at a time; who has had his answer
 * waits for his own next try. */
static void a_list_that_waits_for_room_is_not_tried_again_and_again(void **state) {
  enum { RECIPIENTS = 60 };
  static char names[RECIPIENTS][32];
  static const char *to[RECIPIENTS];
  struct testrunner *t = *state;
  control(t, "recipientlimit", "1\n");
  for (unsigned i = 0; i < RECIPIENTS; i++) {
    snprintf(names[i], sizeof names[i], "later-%u@there.example", i);
    to[i] = names[i];
  }
  testrunner_inject(t, sender, 0, to, RECIPIENTS);
  testrunner_run(t, 300);
  assert_int_equal(t->attempt_count, RECIPIENTS);
  t->means[SAY_DEFERRAL] = SAY_SUCCESS;
  testrunner_run(t, TEST_HOUR_S);
  assert_int_equal(t->attempt_count, 2 * RECIPIENTS);
}

/* They find no room at once, and are not forgotten for that. */
static void what_is_hurried_goes_out_as_soon_as_there_is_room(void **state) {
  struct testrunner *t = *state;
  control(t, "retryschedule", ":80000\n");
  inject_many(t, sender, "later@slow.example", 10);
  testrunner_run(t, 100);
  assert_int_equal(t->attempt_count, 10);
  control(t, "ratelimit", "slow.example:1/60\n");
  testrunner_run(t, 100);
  (void)runner_hurry(&t->runner, NULL);
  testrunner_run(t, 1000);
  assert_int_equal(t->attempt_count, 20);
}

/* Also in the second in which they were tried. */
static void what_is_hurried_at_once_goes_out(void **state) {
  struct testrunner *t = *state;
  inject_many(t, sender, "down@new.example", 10);
  testrunner_run(t, 0);
  size_t in_vain = t->attempt_count;
  assert_true(in_vain >= 1);
  t->means[SAY_UNREACHED] = SAY_SUCCESS;
  (void)runner_hurry(&t->runner, NULL);
  testrunner_run(t, 0);
  assert_int_equal(t->attempt_count, in_vain + 10);
}

/* That another recipient was tried meanwhile changes nothing. */
static void who_is_hurried_is_not_taken_for_who_was_tried(void **state) {
  static const char *const to[] = {"down-2@new.example", "later@other.example"};
  struct testrunner *t = *state;
  testrunner_inject_one(t, sender, "down-1@new.example");
  testrunner_inject(t, sender, 0, to, 2);
  testrunner_run(t, 0);
  size_t in_vain = testrunner_attempts(t, to[0]);
  assert_true(in_vain >= 1);
  t->means[SAY_UNREACHED] = SAY_SUCCESS;
  (void)runner_hurry(&t->runner, NULL);
  testrunner_run(t, 0);
  assert_int_equal(testrunner_attempts(t, to[0]), in_vain + 1);
}

/* No back-off would come between its tries. */
static void a_local_user_who_says_421_is_tried_as_others_are(void **state) {
  struct testrunner *t = *state;
  testrunner_inject_one(t, sender, "away@here.example");
  testrunner_inject_one(t, sender, "down@here.example");
  testrunner_run(t, 60);
  assert_int_equal(t->attempt_count, 2);
}

/* ---- limits */

static void concurrencydomain_bounds_the_connections(void **state) {
  struct testrunner *t = *state;
  control(t, "concurrencyremote", "50\n");
  control(t, "concurrencydomain", "few.example:2\n.sub.example:3\n:4\n");
  testrunner_inject_one(t, sender, "known@few.example");
  testrunner_run(t, 0);
  inject_many(t, sender, "silent@few.example", 30);
  testrunner_run(t, 10);
  assert_int_equal(t->played.agents_most[CHANNEL_REMOTE], 2);
  testrunner_inject_one(t, sender, "known@x.sub.example");
  testrunner_run(t, 0);
  inject_many(t, sender, "silent@x.sub.example", 30);
  testrunner_run(t, 10);
  assert_int_equal(t->played.agents_most[CHANNEL_REMOTE], 5);
  testrunner_inject_one(t, sender, "known@other.example");
  testrunner_run(t, 0);
  inject_many(t, sender, "silent@other.example", 30);
  testrunner_run(t, 10);
  assert_int_equal(t->played.agents_most[CHANNEL_REMOTE], 9);
}

static void limits_are_found_in_either_form_of_a_domain(void **state) {
  struct testrunner *t = *state;
  control(t, "concurrencyremote", "50\n");
  control(t, "concurrencydomain", "b\u00fccher.example:2\n");
  testrunner_inject_one(t, sender, "known@b\u00fccher.example");
  testrunner_run(t, 0);
  inject_many(t, sender, "silent@xn--bcher-kva.example", 20);
  testrunner_run(t, 10);
  assert_int_equal(t->played.agents_most[CHANNEL_REMOTE], 2);
}

static void ratelimit_spreads_the_messages(void **state) {
  struct testrunner *t = *state;
  control(t, "ratelimit", "slow.example:10/60\n");
  inject_many(t, sender, "bob@slow.example", 100);
  testrunner_run(t, 1);
  assert_int_equal(t->attempt_count, 10);
  testrunner_run(t, 60);
  assert_int_equal(t->attempt_count, 20);
  testrunner_run(t, 480);
  assert_int_equal(t->attempt_count, 100);
  assert_int_equal(testrunner_files(t), 0);
}

/* Who waits for room does not wait for the next event there. */
static void a_limit_that_is_lifted_counts_at_once(void **state) {
  struct testrunner *t = *state;
  control(t, "ratelimit", "slow.example:1/3600\n");
  inject_many(t, sender, "bob@slow.example", 20);
  testrunner_run(t, 10);
  assert_int_equal(t->attempt_count, 1);
  control(t, "ratelimit", "");
  testrunner_run(t, 1);
  assert_int_equal(t->attempt_count, 20);
}

static void values_that_make_no_sense_are_refused(void **state) {
  static const char *const bad[][2] = {
    {"concurrencydomain", ":none\n"}, {"concurrencydomain", "a.example:0\n"}, {"ratelimit", ":10\n"},
    {"ratelimit", ":0/60\n"},         {"ratelimit", ":10/0\n"},              {"retryschedule", ":0\n"},
    {"retryschedule", ":1h\n"},       {"retryschedule", ":\n"}};
  (void)state;
  for (size_t i = 0; i < COUNT(bad); i++) {
    struct testrunner t;
    testrunner_make(&t);
    testrunner_start(&t);
    testrunner_control(&t, bad[i][0], bad[i][1]);
    assert_int_equal(runner_load_settings(&t.runner), -1);
    assert_non_null(strstr(t.runner.control.error.s, bad[i][0]));
    testrunner_remove(&t);
  }
}

static void retryschedule_is_by_destination(void **state) {
  static const uint64_t expected_s[] = {0, 60, 180, 300, 420};
  struct testrunner *t = *state;
  control(t, "retryschedule", "plan.example:60,120\n");
  testrunner_inject_one(t, sender, "later@plan.example");
  testrunner_inject_one(t, sender, "later@there.example");
  testrunner_run(t, 500);
  for (size_t i = 0; i < COUNT(expected_s); i++)
    assert_int_equal(testrunner_attempt(t, "later@plan.example", i)->at_s, expected_s[i]);
  assert_int_equal(testrunner_attempt(t, "later@there.example", 1)->at_s, 400);
}

/* The log has no room for the name; the deferral is recorded all the same. */
static void a_user_of_any_length_can_be_deferred(void **state) {
  static char to[500] = "later";
  struct testrunner *t = *state;
  memset(to + 5, 'x', 400);
  snprintf(to + 405, sizeof to - 405, "@here.example");
  testrunner_inject_one(t, sender, to);
  testrunner_run(t, 10);
  assert_false(testrunner_logged(t, "alarm"));
  t->means[SAY_DEFERRAL] = SAY_SUCCESS;
  testrunner_run(t, 200);
  assert_int_equal(testrunner_files(t), 0);
}

static void held_destinations_get_nothing_until_released(void **state) {
  struct testrunner *t = *state;
  struct lane *l = lanes_named(&t->runner.lanes, text_of("There.example"), true);
  lane_hold(&t->runner.lanes, l, true, t->boot_us);
  inject_many(t, sender, "bob@there.example", 20);
  testrunner_inject_one(t, sender, "bob@here.example");
  testrunner_run(t, 10 * TEST_DAY_S);
  assert_int_equal(t->attempt_count, 1);
  assert_int_equal(waitlist_parked(&t->runner.waitlist, l->number), 20);
  lane_hold(&t->runner.lanes, l, false, t->boot_us);
  testrunner_run(t, 10);
  assert_int_equal(t->attempt_count, 21);
}

/* ---- who waits is woken */

static uint64_t seconds(const struct testrunner *t) { return (t->boot_us - UINT64_C(1000) * 1000000) / 1000000; }

/* Its only place is free when the agent that says nothing is given up. */
static void a_job_behind_a_hung_agent_goes_out_when_that_is_given_up(void **state) {
  struct testrunner *t = *state;
  control(t, "concurrencydomain", "slow.example:1\n");
  control(t, "timeoutdelivery", "1000\n");
  control(t, "retryschedule", ":80000\n");
  testrunner_inject_one(t, sender, "silent@slow.example");
  testrunner_run(t, 0);
  testrunner_inject_one(t, sender, "bob@slow.example");
  /* the end of the agent, which says nothing, is no event */
  t->boot_us += UINT64_C(1001) * 1000000;
  unsigned rounds = 0;
  while (runner_work(&t->runner) <= t->boot_us) assert_true(++rounds < 10);
  assert_non_null(t->runner.dispatcher.workers);
  testrunner_run(t, 0);
  assert_int_equal(testrunner_attempts(t, "bob@slow.example"), 1);
}

/* Where it waits is known as long as it has other recipients under way. */
static void a_destination_is_not_forgotten_by_a_message_under_way(void **state) {
  static const char *const to[] = {"silent@slow.example", "bob@dead.example"};
  struct queueid first[6];
  struct testrunner *t = *state;
  const char *down = "down@dead.example";
  for (unsigned i = 0; i < COUNT(first); i++) first[i] = testrunner_inject(t, sender, 0, &down, 1);
  testrunner_run(t, 5);
  assert_true(lane(t, "dead.example")->window.down);
  testrunner_inject(t, sender, 0, to, COUNT(to));
  testrunner_run(t, 0);
  for (unsigned i = 0; i < COUNT(first); i++)
    assert_int_equal(operator_order(&t->runner, &first[i], ORDER_DELETE, 0), OUTCOME_DONE);
  testrunner_run(t, 600);
  struct agent_result r = {.job = 0, .result = {.class = RESULT_SUCCESS}};
  assert_int_equal(t->played.agent_count, 1);
  assert_int_equal(agent_send_result(t->played.agents[0]->sock, &r, 1000), 0);
  testrunner_run(t, TEST_HOUR_S);
  assert_int_equal(testrunner_attempts(t, "bob@dead.example"), 1);
  assert_int_equal(testrunner_files(t), 0);
}

/* It was refused by the dead one first, then by one that is soon free again. */
static void a_list_waits_for_no_dead_destination(void **state) {
  static const char *const to[] = {"down@dead.example", "bob@limited.example", "silent@slow.example"};
  struct testrunner *t = *state;
  control(t, "ratelimit", "limited.example:1/60\n");
  inject_many(t, sender, "down@dead.example", 100);
  inject_many(t, sender, "joe@limited.example", 3);
  testrunner_run(t, 10);
  testrunner_inject(t, sender, 0, to, 2);
  uint64_t from_s = seconds(t);
  testrunner_run(t, TEST_HOUR_S);
  assert_int_equal(testrunner_attempts(t, to[1]), 1);
  assert_in_range(testrunner_attempt(t, to[1], 0)->at_s, from_s, from_s + 600);
}

/* The other way round: it is behind many others where it is parked. */
static void a_list_waits_for_no_long_line(void **state) {
  static const char *const to[] = {"down-too@dead.example", "bob@limited.example"};
  struct testrunner *t = *state;
  control(t, "ratelimit", "limited.example:1/600\n");
  inject_many(t, sender, "down@dead.example", 10);
  inject_many(t, sender, "joe@limited.example", 1000);
  testrunner_run(t, 10);
  testrunner_inject(t, sender, 0, to, 2);
  t->means[SAY_UNREACHED] = SAY_SUCCESS;
  testrunner_run(t, 2 * TEST_HOUR_S);
  assert_int_equal(testrunner_attempts(t, to[1]), 0);
  assert_int_equal(testrunner_attempts(t, to[0]), 1);
}

/* A long list has no job for its last recipients yet when the destination of
 * all those that it has goes down. */
static void what_a_list_has_not_come_to_goes_out(void **state) {
  enum { DEAD = 60 };
  static char names[DEAD][32];
  static const char *to[DEAD + 1];
  struct testrunner *t = *state;
  control(t, "recipientlimit", "1\n");
  control(t, "concurrencyremote", "1\n"); /* room for 66, 33 for one message */
  control(t, "concurrencydomain", "dead.example:50\n");
  struct lane *l = lanes_named(&t->runner.lanes, text_of("dead.example"), true);
  l->window.size = 50;
  for (unsigned i = 0; i < DEAD; i++) {
    snprintf(names[i], sizeof names[i], "bob-%u@dead.example", i);
    to[i] = names[i];
  }
  to[DEAD] = "joe@here.example";
  testrunner_inject(t, sender, 0, to, COUNT(to));
  (void)runner_work(&t->runner); /* jobs, and one of them with a worker */
  assert_int_equal(operator_hold_destination(&t->runner, text_of("dead.example"), true, 0), 0);
  testrunner_run(t, 100);
  assert_int_equal(testrunner_attempts(t, "joe@here.example"), 1);
}

/* ---- fairness */

/* One a second goes there; whoever sends little waits for one of each other
 * sender, not for what they have waiting. */
static void a_senders_backlog_does_not_delay_others(void **state) {
  struct testrunner *t = *state;
  control(t, "ratelimit", "slow.example:1/1\n");
  inject_many(t, "many@far.example", "bob@slow.example", 500);
  inject_many(t, "more@far.example", "bob@slow.example", 500);
  testrunner_run(t, 20);
  testrunner_inject_one(t, "few@far.example", "joe@slow.example");
  testrunner_run(t, 4);
  assert_int_equal(testrunner_attempts(t, "joe@slow.example"), 1);
  testrunner_run(t, 176);
  assert_in_range(testrunner_told(t, "more@far.example", "bob@slow.example"), 80, 120);
}

/* What others get elsewhere meanwhile does not count here. */
static void turns_are_counted_for_each_destination(void **state) {
  struct testrunner *t = *state;
  control(t, "ratelimit", "slow.example:1/60\n");
  inject_many(t, "many@far.example", "bob@slow.example", 100);
  testrunner_run(t, 70);
  for (unsigned i = 0; i < 5; i++) {
    inject_many(t, "list@far.example", "bob@there.example", 500);
    testrunner_run(t, 10);
  }
  testrunner_inject_one(t, "few@far.example", "joe@slow.example");
  testrunner_run(t, 200);
  assert_int_equal(testrunner_attempts(t, "joe@slow.example"), 1);
}

static void a_long_list_leaves_room_for_others(void **state) {
  enum { RECIPIENTS = 20000 };
  static char names[RECIPIENTS][32];
  static const char *to[RECIPIENTS];
  struct testrunner *t = *state;
  for (unsigned i = 0; i < RECIPIENTS; i++) {
    snprintf(names[i], sizeof names[i], "u%u@here.example", i);
    to[i] = names[i];
  }
  testrunner_inject(t, "list@far.example", 0, to, RECIPIENTS);
  for (unsigned i = 0; i < 100; i++) (void)runner_work(&t->runner);
  size_t jobs = t->runner.lanes.jobs[CHANNEL_LOCAL];
  assert_in_range(jobs, 1, t->runner.lanes.room[CHANNEL_LOCAL] / 2);
  testrunner_inject_one(t, sender, "bob@here.example");
  testrunner_run(t, 100);
  size_t at = 0;
  while (strcmp(t->attempts[at].address, "bob@here.example") != 0) at++;
  assert_in_range(at, 0, 3 * t->runner.lanes.room[CHANNEL_LOCAL]);
  assert_int_equal(t->attempt_count, RECIPIENTS + 1);
  assert_int_equal(testrunner_files(t), 0);
}

/* Every third one is for the same domain. */
static void recipients_of_one_domain_share_transactions(void **state) {
  enum { RECIPIENTS = 3000 };
  static char names[RECIPIENTS][32];
  static const char *to[RECIPIENTS];
  struct testrunner *t = *state;
  for (unsigned i = 0; i < RECIPIENTS; i++) {
    snprintf(names[i], sizeof names[i], "u%u@d%u.example", i, i % 300);
    to[i] = names[i];
  }
  testrunner_inject(t, "list@far.example", 0, to, RECIPIENTS);
  testrunner_run(t, 100);
  assert_int_equal(t->attempt_count, RECIPIENTS);
  for (size_t i = 0; i < RECIPIENTS; i++) assert_int_equal(t->attempts[i].recipients, 10);
  assert_int_equal(testrunner_files(t), 0);
}

/* Every destination hangs; the channel's places are taken by those that came
 * first, and local mail does not notice. */
static void thousands_of_slow_destinations_wait_outside(void **state) {
  char to[64];
  struct testrunner *t = *state;
  for (unsigned i = 0; i < 5000; i++) {
    snprintf(to, sizeof to, "silent@slow%u.example", i);
    testrunner_inject_one(t, sender, to);
  }
  testrunner_run(t, 10);
  assert_in_range(t->runner.active_count, 1, t->runner.lanes.room[CHANNEL_REMOTE]);
  testrunner_inject_one(t, sender, "bob@here.example");
  testrunner_run(t, 0);
  assert_int_equal(testrunner_attempts(t, "bob@here.example"), 1);
  t->means[SAY_NOTHING] = SAY_SUCCESS;
  testrunner_run(t, 2 * TEST_DAY_S); /* the silent ones are given up, and tried again */
  assert_int_equal(testrunner_files(t), 0);
}

/* ---- next hops that say nothing */

static void inject_to_hosts(struct testrunner *t, const char *user, unsigned count) {
  char address[TEST_ADDRESS_MAX];
  for (unsigned i = 0; i < count; i++) {
    snprintf(address, sizeof address, "%s@host%u.example", user, i);
    testrunner_inject_one(t, sender, address);
  }
}

static void silent_hosts_take_no_places(void **state) {
  struct testrunner *t = *state;
  control(t, "concurrencyremote", "10\n");
  control(t, "concurrencysilent", "40\n");
  inject_to_hosts(t, "waiting", 40);
  testrunner_run(t, 10);
  assert_int_equal(t->played.agents_now[CHANNEL_REMOTE], 40);
  inject_many(t, sender, "quick@new.example", 20);
  testrunner_run(t, 0);
  assert_int_equal(testrunner_attempts(t, "quick@new.example"), 20);
}

static void too_many_silent_hosts_take_places(void **state) {
  struct testrunner *t = *state;
  control(t, "concurrencyremote", "8\n");
  control(t, "concurrencysilent", "5\n");
  inject_to_hosts(t, "waiting", 40);
  testrunner_run(t, 10);
  assert_int_equal(t->played.agents_now[CHANNEL_REMOTE], 5 + 6); /* a quarter is not for them */
}

static void one_delivery_alone_asks_an_unknown_host(void **state) {
  struct testrunner *t = *state;
  inject_many(t, sender, "silent@new.example", 10);
  testrunner_run(t, 10);
  assert_int_equal(t->played.agents_now[CHANNEL_REMOTE], 1);
  inject_many(t, sender, "heard@other.example", 10);
  testrunner_run(t, 10);
  assert_int_equal(t->played.agents_now[CHANNEL_REMOTE], 1 + WINDOW_FIRST);
}

static void a_worker_that_chatters_is_ended(void **state) {
  struct testrunner *t = *state;
  testrunner_inject_one(t, sender, "chatter@new.example");
  testrunner_run(t, 10);
  assert_true(testrunner_logged(t, "malformed report"));
  assert_int_equal(t->played.agents_now[CHANNEL_REMOTE], 0);
}

/* The runner may have been held up for longer than a silence lasts. */
static void words_that_are_read_together_end_no_worker(void **state) {
  struct testrunner *t = *state;
  testrunner_inject_one(t, sender, "words@new.example");
  testrunner_run(t, 10);
  assert_false(testrunner_logged(t, "malformed report"));
  assert_int_equal(testrunner_files(t), 0);
  assert_int_equal(t->runner.lanes.silent_jobs, 0);
}

/* As a worker whose server takes its time for RSET, or QUIT. */
static void words_behind_the_last_result_are_nobodys(void **state) {
  struct testrunner *t = *state;
  testrunner_inject_one(t, sender, "afterwards@new.example");
  testrunner_run(t, 1);
  assert_false(testrunner_logged(t, "malformed report"));
  assert_int_equal(t->played.agents_now[CHANNEL_REMOTE], 1);
  assert_int_equal(t->runner.lanes.silent_jobs, 0);
  testrunner_inject_one(t, sender, "waiting@new.example");
  testrunner_run(t, 1);
  assert_int_equal(t->runner.lanes.silent_jobs, 1);
}

/* ---- local users */

/* A worker runs as its user, who can keep it from ever answering. */
static void two_users_whose_workers_hang_hold_up_no_other_user(void **state) {
  struct testrunner *t = *state;
  for (unsigned i = 0; i < 60; i++) {
    char to[TEST_ADDRESS_MAX];
    snprintf(to, sizeof to, "silent%u-%u@here.example", i % 2, i);
    testrunner_inject_one(t, sender, to);
  }
  testrunner_run(t, 30);
  testrunner_inject_one(t, sender, "bob@here.example");
  testrunner_run(t, 30);
  assert_int_equal(testrunner_attempts(t, "bob@here.example"), 1);
}

int main(void) {
#define TEST_CASE(NAME) cmocka_unit_test_setup_teardown(NAME, testrunner_set_up, testrunner_tear_down)
  const struct CMUnitTest tests[] = {
    TEST_CASE(a_dead_host_costs_one_probe_at_a_time),
    TEST_CASE(all_goes_out_when_it_is_back),
    TEST_CASE(what_is_not_yet_loaded_goes_out_too),
    TEST_CASE(who_waits_for_a_dead_host_is_told_at_the_end),
    TEST_CASE(a_list_goes_on_past_its_dead_recipients),
    TEST_CASE(a_421_is_not_answered_with_more),
    TEST_CASE(hurry_probes_at_once),
    TEST_CASE(a_probe_that_fails_here_is_not_repeated_at_once),
    TEST_CASE(a_message_that_breaks_connections_is_not_every_probe),
    TEST_CASE(hosts_never_reached_leave_room_for_one_that_answers),
    TEST_CASE(a_list_that_waits_for_room_is_not_tried_again_and_again),
    TEST_CASE(what_is_hurried_goes_out_as_soon_as_there_is_room),
    TEST_CASE(what_is_hurried_at_once_goes_out),
    TEST_CASE(who_is_hurried_is_not_taken_for_who_was_tried),
    TEST_CASE(a_local_user_who_says_421_is_tried_as_others_are),
    TEST_CASE(concurrencydomain_bounds_the_connections),
    TEST_CASE(limits_are_found_in_either_form_of_a_domain),
    TEST_CASE(ratelimit_spreads_the_messages),
    TEST_CASE(a_limit_that_is_lifted_counts_at_once),
    cmocka_unit_test(values_that_make_no_sense_are_refused),
    TEST_CASE(retryschedule_is_by_destination),
    TEST_CASE(a_user_of_any_length_can_be_deferred),
    TEST_CASE(held_destinations_get_nothing_until_released),
    TEST_CASE(a_job_behind_a_hung_agent_goes_out_when_that_is_given_up),
    TEST_CASE(a_destination_is_not_forgotten_by_a_message_under_way),
    TEST_CASE(a_list_waits_for_no_dead_destination),
    TEST_CASE(a_list_waits_for_no_long_line),
    TEST_CASE(what_a_list_has_not_come_to_goes_out),
    TEST_CASE(a_senders_backlog_does_not_delay_others),
    TEST_CASE(turns_are_counted_for_each_destination),
    TEST_CASE(a_long_list_leaves_room_for_others),
    TEST_CASE(recipients_of_one_domain_share_transactions),
    TEST_CASE(thousands_of_slow_destinations_wait_outside),
    TEST_CASE(silent_hosts_take_no_places),
    TEST_CASE(too_many_silent_hosts_take_places),
    TEST_CASE(one_delivery_alone_asks_an_unknown_host),
    TEST_CASE(a_worker_that_chatters_is_ended),
    TEST_CASE(words_that_are_read_together_end_no_worker),
    TEST_CASE(words_behind_the_last_result_are_nobodys),
    TEST_CASE(two_users_whose_workers_hang_hold_up_no_other_user),
  };
  return cmocka_run_group_tests_name("traffic", tests, NULL, NULL);
}
