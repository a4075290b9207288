#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "queue/schedule.h"

static const uint64_t second_us = 1000000, day_s = 86400;

/* qmail's tables: local at 0, 100, 400, 900 s; remote at 0, 400, 1600, 3600 s */
static void retries_follow_qmails_formula(void **state) {
  static const uint64_t local[] = {0, 100, 400, 900, 1600}, remote[] = {0, 400, 1600, 3600, 6400};
  (void)state;
  for (size_t i = 0; i + 1 < sizeof local / sizeof local[0]; i++) {
    assert_int_equal(schedule_next_age(local[i], 10), local[i + 1]);
    assert_int_equal(schedule_next_age(remote[i], 20), remote[i + 1]);
  }
  assert_int_equal(schedule_next_age(399, 20), 39 * 39);
  assert_true(schedule_next_age(UINT32_MAX, UINT64_MAX) > UINT32_MAX);
}

/* A week of attempts: none is more than a day after the one before, so the
 * cap on gaps never slows a regular schedule down. */
static void gaps_stay_below_the_cap(void **state) {
  (void)state;
  unsigned attempts = 0;
  for (uint64_t age = 0; age < 7 * day_s; attempts++) {
    uint64_t next = schedule_next_age(age, 20);
    assert_true(next > age && next - age < SCHEDULE_GAP_MAX_S);
    age = next;
  }
  assert_in_range(attempts, 30, 50);
}

static void age_adds_up_capped_gaps(void **state) {
  static const struct {
    uint64_t age_s, gap_s, expected_s;
  } cases[] = {
    {0, 0, 0}, {100, 300, 400}, {100, 86400, 86500}, {100, 14 * 86400, 86500}, {500, 86399, 86899}};
  const uint64_t then_us = UINT64_C(1795438835383624);
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_int_equal(schedule_age(cases[i].age_s, then_us, then_us + cases[i].gap_s * second_us),
                     cases[i].expected_s);
  /* the clock was set back */
  assert_int_equal(schedule_age(700, then_us, then_us - 5 * day_s * second_us), 700);
}

static void plans_are_lists_of_gaps(void **state) {
  static const char *const good[] = {"60", "300,600,3600", "86400"};
  static const char *const bad[] = {"", ",", "60,", "0", "60,0", "86401", "5m", "60 120"};
  (void)state;
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) assert_true(schedule_plan_checks(text_of(good[i])));
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(schedule_plan_checks(text_of(bad[i])));
}

static void plans_repeat_their_last_gap(void **state) {
  static const uint64_t cases[][2] = {{0, 300}, {299, 300}, {300, 900}, {899, 900},
                                      {900, 4500}, {4499, 4500}, {4500, 8100}, {11699, 11700}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_int_equal(schedule_planned_age(cases[i][0], text_of("300,600,3600")), cases[i][1]);
}

static void jitter_stays_within_its_part_of_the_gap(void **state) {
  uint64_t least = UINT64_MAX, most = 0;
  (void)state;
  for (uint32_t seed = 0; seed < 1000; seed++) {
    uint64_t next = schedule_jitter(1000, 2000, 10, seed);
    assert_int_equal(next, schedule_jitter(1000, 2000, 10, seed));
    if (next < least) least = next;
    if (next > most) most = next;
  }
  assert_in_range(least, 2000, 2005);
  assert_in_range(most, 2095, 2100);
  assert_int_equal(schedule_jitter(1000, 2000, 0, 7), 2000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(retries_follow_qmails_formula),
    cmocka_unit_test(gaps_stay_below_the_cap),
    cmocka_unit_test(age_adds_up_capped_gaps),
    cmocka_unit_test(plans_are_lists_of_gaps),
    cmocka_unit_test(plans_repeat_their_last_gap),
    cmocka_unit_test(jitter_stays_within_its_part_of_the_gap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
