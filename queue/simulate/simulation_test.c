#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib/unittest.h"
#include "queue/simulate/simulation.h"

/* What owl-send(8) promises under "Destinations", against loads and hosts that
 * a scenario describes.  Delays are in virtual time: they do not depend on the
 * machine. */

enum { SEED = 1, US = 1000000 };

struct trial {
  struct scenario scenario;
  struct simulation simulation;
  int log;
};

static struct trial trial;

static void forget(struct trial *t) {
  simulation_free(&t->simulation);
  scenario_free(&t->scenario);
  close(t->log);
}

static void run_seed(struct trial *t, const char *text, uint64_t seed) {
  struct figures_table *tables[] = {&t->simulation.destinations, &t->simulation.senders};
  t->log = memfd_create("log", MFD_CLOEXEC);
  if (scenario_parse(&t->scenario, text_of(text)) == -1) fail_msg("%s", t->scenario.error.s);
  if (simulation_run(&t->simulation, &t->scenario, NULL, NULL, seed, t->log, NULL) == -1)
    fail_msg("%s", t->simulation.error);
  for (size_t i = 0; i < COUNT(tables); i++) figures_rank(tables[i]);
}

static const struct figures *to(const struct trial *t, const char *destination) {
  const struct figures *f = figures_find(&t->simulation.destinations, destination);
  assert_non_null(f);
  return f;
}

static const struct figures *from(const struct trial *t, const char *sender) {
  const struct figures *f = figures_find(&t->simulation.senders, sender);
  assert_non_null(f);
  return f;
}

static double at(const struct figures *f, unsigned percent) { return (double)figures_at(f, percent) / US; }

static void trial_of(const char *text) { run_seed(&trial, text, SEED); }

static int end_trial(void **state) {
  (void)state;
  forget(&trial);
  return 0;
}

/* ---- destinations */

#define FAST_MAIL "send count 600 every 0.5 from ann@a.example to bob@fast.example\n"

static void a_slow_destination_delays_no_other(void **state) {
  (void)state;
  trial_of("destination slow.example latency 300\n" FAST_MAIL
           "send count 2000 every 0.1 from ann@a.example to joe@slow.example\n"
           "end 600\n");
  assert_int_equal(to(&trial, "fast.example")->delivered, 600);
  assert_true(at(to(&trial, "fast.example"), 100) <= 0.5); /* as when it is alone */
  assert_true(to(&trial, "slow.example")->waiting > 1900);
}

static void a_dead_destination_gets_one_probe_at_a_time_and_delays_no_other(void **state) {
  (void)state;
  trial_of("destination dead.example down 0-2h timeout 60\n" FAST_MAIL
           "send count 2000 every 0.1 from ann@a.example to joe@dead.example\n"
           "end 2h\n");
  const struct figures *dead = to(&trial, "dead.example");
  assert_true(at(to(&trial, "fast.example"), 100) <= 0.5);
  assert_int_equal(dead->probes_most, 1);
  assert_in_range(dead->probes, 4, 10); /* after 60, 120, 240... s, and 60 s for each */
  assert_in_range(dead->connections, dead->probes + 1, dead->probes + 5);
  assert_int_equal(dead->attempts, dead->connections);
  assert_int_equal(dead->waiting, 2000);
}

static void all_goes_out_when_it_is_back(void **state) {
  (void)state;
  trial_of("destination dead.example down 0-1h timeout 60\n"
           "send count 1000 from ann@a.example to joe@dead.example\n");
  const struct figures *dead = to(&trial, "dead.example");
  assert_int_equal(dead->delivered, 1000);
  assert_true(dead->attempts < 1020);
  assert_true(at(dead, 100) < 3600 + 3600 * 1.13 + 120); /* the longest wait for a probe, jitter, the delivery of all */
}

static void the_window_grows_up_to_the_limit(void **state) {
  (void)state;
  trial_of("set concurrencyremote 100\nset concurrencydomain few.example:7\n"
           "destination * latency 1\n"
           "send count 500 from ann@a.example to joe@few.example\n"
           "send count 500 from ann@a.example to joe@many.example\n");
  assert_int_equal(to(&trial, "few.example")->connections_most, 7);
  assert_int_equal(to(&trial, "many.example")->connections_most, 20);
}

static void the_window_keeps_near_what_a_host_takes(void **state) {
  (void)state;
  trial_of("destination shy.example connections 3\n"
           "send count 1000 from ann@a.example to joe@shy.example\n");
  const struct figures *shy = to(&trial, "shy.example");
  assert_int_equal(shy->delivered, 1000);
  assert_in_range(shy->connections_most, 3, 6);
  assert_in_range(shy->deferrals, 1, 250);
  assert_true(at(shy, 50) < 150); /* with 3 connections all the time: 67 s */
}

static void ratelimit_spreads_deliveries(void **state) {
  (void)state;
  trial_of("set ratelimit slow.example:10/60\n"
           "send count 100 from ann@a.example to joe@slow.example bob@fast.example\n");
  /* each message is for both */
  assert_true(at(to(&trial, "slow.example"), 10) <= 1);
  assert_true(at(to(&trial, "slow.example"), 50) >= 230 && at(to(&trial, "slow.example"), 50) <= 245);
  assert_true(at(to(&trial, "slow.example"), 100) >= 535 && at(to(&trial, "slow.example"), 100) <= 545);
  assert_true(at(to(&trial, "fast.example"), 100) < 30);
}

static void what_is_held_waits_alone(void **state) {
  (void)state;
  trial_of("at 0 hold held.example\nat 500 release held.example\n"
           "send count 1000 every 0.1 from ann@a.example to joe@held.example bob@fast.example\n");
  const struct figures *held = to(&trial, "held.example");
  assert_true(at(to(&trial, "fast.example"), 100) <= 0.5);
  assert_int_equal(held->attempts, 1000);
  assert_true(at(held, 1) > 400 && at(held, 100) < 600);
}

static void what_is_held_does_not_expire(void **state) {
  (void)state;
  trial_of("set queuelifetime 3600\nat 0 hold held.example\n"
           "send count 10 from ann@a.example to joe@held.example\nend 2h\n");
  assert_int_equal(to(&trial, "held.example")->waiting, 10);
}

static void who_is_down_for_good_gets_no_mail_and_the_sender_is_told(void **state) {
  (void)state;
  trial_of("set queuelifetime 86400\nset delaywarning 0\ndestination dead.example down 0-9d\n"
           "send count 50 every 60 from ann@a.example to joe@dead.example\n");
  assert_int_equal(to(&trial, "dead.example")->failed, 50);
  assert_int_equal(from(&trial, "")->delivered, 50);
  assert_int_equal(to(&trial, "a.example")->delivered, 50);
}

/* ---- senders */

#define SMALL_MAIL "at 60 send count 50 every 10 from few@a.example to joe@slow.example\n"

static void a_backlog_delays_nobody_elses_mail(void **state) {
  (void)state;
  trial_of("set ratelimit slow.example:1/1\n"
           "send count 2000 from many@a.example to joe@slow.example\n"
           "send count 2000 from more@a.example to joe@slow.example\n" SMALL_MAIL "end 700\n");
  assert_int_equal(from(&trial, "few@a.example")->delivered, 50);
  assert_true(at(from(&trial, "few@a.example"), 100) <= 4); /* one of each, and what is on its way */
  double share = (double)from(&trial, "many@a.example")->delivered / (double)from(&trial, "more@a.example")->delivered;
  assert_true(share > 0.95 && share < 1.05);
}

#define FLOOD "send count 10000 from many@a.example to joe@d{100}.example\n" \
  "at 5 send count 50 every 1 from few@a.example to joe@other.example\nend 100\n"

/* Where the whole channel is busy. */
static void a_senders_flood_delays_others_by_what_is_in_memory(void **state) {
  (void)state;
  trial_of("set concurrencyremote 20\nsend count 1 from one@a.example to joe@other.example\n" FLOOD);
  assert_true(from(&trial, "many@a.example")->waiting > 5000);
  assert_int_equal(from(&trial, "few@a.example")->delivered, 50);
  assert_true(at(from(&trial, "few@a.example"), 100) <= 5); /* 104 jobs at 20 places, 0.5 s each */
}

/* One delivery alone asks it; what has come meanwhile then has its turns among
 * those of 100 destinations. */
static void a_flood_delays_mail_for_a_host_that_was_never_heard(void **state) {
  (void)state;
  trial_of("set concurrencyremote 20\n" FLOOD);
  assert_int_equal(from(&trial, "few@a.example")->delivered, 50);
  assert_true(at(from(&trial, "few@a.example"), 50) <= 3);
  assert_true(at(from(&trial, "few@a.example"), 100) <= 12);
}

static void a_long_list_delays_nobody_elses_mail(void **state) {
  char text[400];
  (void)state;
  snprintf(text, sizeof text, "set concurrencyremote 50\n"
           "send from list@a.example recipients %s to user{}@d{1000}.example\n"
           "at 1 send count 50 every 0.5 from few@a.example to joe@other.example\n"
           "at 1 send count 50 every 0.5 from one@a.example to joe@d5.example\n",
           getenv("OWLPOST_CHECK_FULL") && *getenv("OWLPOST_CHECK_FULL") ? "100000" : "10000");
  trial_of(text);
  assert_int_equal(from(&trial, "list@a.example")->waiting, 0);
  assert_true(at(from(&trial, "few@a.example"), 100) <= 5);
  assert_true(at(from(&trial, "one@a.example"), 100) <= 5);
}

/* ---- retries */

static void deferred_together_is_not_retried_together(void **state) {
  static const char text[] = "set concurrencydomain :100\nset concurrencyremote 200\n%s"
                             "destination full.example defer 100 latency 0.01\n"
                             "at 300 destination full.example latency 0.001\n"
                             "send count 500 from ann@a.example to joe@full.example\n";
  char without[400], with[400];
  (void)state;
  snprintf(without, sizeof without, text, "set retryjitter 0\n");
  snprintf(with, sizeof with, text, "set retryjitter 10\n");
  trial_of(without);
  double width = at(to(&trial, "full.example"), 100) - at(to(&trial, "full.example"), 1);
  assert_true(width < 12);
  forget(&trial);
  trial_of(with);
  width = at(to(&trial, "full.example"), 100) - at(to(&trial, "full.example"), 1);
  assert_true(width > 30 && width < 55);
}

/* ---- the simulator itself */

static void a_restart_loses_nothing(void **state) {
  (void)state;
  trial_of("at 30 restart\nat 45 restart\ndestination * fail 20 defer 20 latency 0-3\n"
           "send count 200 about 0.5 from ann@a.example to joe@d{7}.example bob@b.example\n");
  assert_int_equal(from(&trial, "ann@a.example")->sent, 400);
  assert_int_equal(from(&trial, "ann@a.example")->waiting, 0);
}

static void the_seed_decides(void **state) {
  static const char text[] = "destination * defer 10 latency 0-5\n"
                             "send count 300 about 0.3 from ann@a.example to joe@d{7}.example\n";
  uint64_t longest_us[3];
  (void)state;
  for (size_t i = 0; i < COUNT(longest_us); i++) {
    if (i) forget(&trial);
    run_seed(&trial, text, i < 2 ? 1 : 2);
    longest_us[i] = figures_at(to(&trial, "d3.example"), 100);
  }
  assert_true(longest_us[0] == longest_us[1]);
  assert_true(longest_us[0] != longest_us[2]);
}

static void nothing_is_left_behind(void **state) {
  unsigned before = open_descriptors();
  char folder[PRIVATEQUEUE_PATH_MAX];
  (void)state;
  trial_of("destination * latency 5\nsend count 100 from ann@a.example to joe@d{7}.example\nend 3\n");
  memcpy(folder, trial.simulation.folder, sizeof folder);
  assert_int_equal(access(folder, F_OK), 0);
  forget(&trial);
  assert_int_equal(access(folder, F_OK), -1);
  assert_int_equal(open_descriptors(), before);
  trial_of("end 1\n");
}

int main(void) {
#define TEST_CASE(NAME) cmocka_unit_test_teardown(NAME, end_trial)
  const struct CMUnitTest tests[] = {
    TEST_CASE(a_slow_destination_delays_no_other),
    TEST_CASE(a_dead_destination_gets_one_probe_at_a_time_and_delays_no_other),
    TEST_CASE(all_goes_out_when_it_is_back),
    TEST_CASE(the_window_grows_up_to_the_limit),
    TEST_CASE(the_window_keeps_near_what_a_host_takes),
    TEST_CASE(ratelimit_spreads_deliveries),
    TEST_CASE(what_is_held_waits_alone),
    TEST_CASE(what_is_held_does_not_expire),
    TEST_CASE(who_is_down_for_good_gets_no_mail_and_the_sender_is_told),
    TEST_CASE(a_backlog_delays_nobody_elses_mail),
    TEST_CASE(a_senders_flood_delays_others_by_what_is_in_memory),
    TEST_CASE(a_flood_delays_mail_for_a_host_that_was_never_heard),
    TEST_CASE(a_long_list_delays_nobody_elses_mail),
    TEST_CASE(deferred_together_is_not_retried_together),
    TEST_CASE(a_restart_loses_nothing),
    TEST_CASE(the_seed_decides),
    TEST_CASE(nothing_is_left_behind),
  };
  return cmocka_run_group_tests_name("simulation", tests, NULL, NULL);
}
