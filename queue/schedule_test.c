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

static struct queueid make_id(uint64_t arrival_us, unsigned char mark) {
  unsigned char octets[10] = {mark};
  struct queueid id;
  queueid_from(&id, arrival_us, octets);
  return id;
}

static void waitlist_gives_the_earliest_first(void **state) {
  struct waitlist w = {0};
  struct due taken;
  struct queueid id;
  uint64_t last = 0;
  (void)state;
  assert_int_equal(waitlist_due(&w), UINT64_MAX);
  for (unsigned i = 0; i < 1000; i++) {
    id = make_id(1000 + i, (unsigned char)i);
    assert_int_equal(waitlist_add(&w, &id, i * 7919 % 1009, 7), 0);
  }
  for (unsigned i = 0; i < 1000; i++) {
    uint64_t due = waitlist_due(&w);
    assert_true(due >= last);
    last = due;
    assert_true(waitlist_take(&w, &id, &taken, 1000000000));
    assert_int_equal((queueid_arrival_us(&id) - 1000) * 7919 % 1009, due);
  }
  assert_false(waitlist_take(&w, &id, &taken, 1000000000));
  waitlist_free(&w);
}

static void waitlist_keeps_ids_whole_and_order_of_arrival(void **state) {
  struct waitlist w = {0};
  struct due taken;
  struct queueid out;
  static const char name[] = "1795438835383624.80fc9ebc9f3b888e94de";
  (void)state;
  assert_true(queueid_parse(&out, text_of(name)));
  struct queueid later = make_id(UINT64_C(1795438835383700), 1);
  assert_int_equal(waitlist_add(&w, &later, 0, 7), 0);
  assert_int_equal(waitlist_add(&w, &out, 0, 7), 0);
  assert_true(waitlist_take(&w, &out, &taken, 1000000000));
  assert_string_equal(out.s, name);
  assert_true(waitlist_take(&w, &out, &taken, 1000000000));
  assert_string_equal(out.s, later.s);
  waitlist_free(&w);
}

static void hurry_makes_one_or_all_due(void **state) {
  struct waitlist w = {0};
  struct due taken;
  struct queueid a = make_id(1, 1), b = make_id(2, 2), c = make_id(3, 3), out;
  (void)state;
  waitlist_add(&w, &a, 500, 7);
  waitlist_add(&w, &b, 600, 7);
  assert_int_equal(waitlist_hurry(&w, &c, 100), 0);
  assert_int_equal(waitlist_hurry(&w, &b, 100), 1);
  assert_true(waitlist_take(&w, &out, &taken, 1000000000));
  assert_string_equal(out.s, b.s);
  assert_true(taken.hurried);
  assert_int_equal(waitlist_due(&w), 500);
  assert_true(waitlist_take(&w, &out, &taken, 1000000000));
  assert_false(taken.hurried);
  waitlist_add(&w, &a, 500, 7);
  waitlist_add(&w, &b, 600, 7);
  assert_int_equal(waitlist_hurry(&w, NULL, 100), 2);
  assert_int_equal(waitlist_due(&w), 1);
  waitlist_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(retries_follow_qmails_formula),
    cmocka_unit_test(gaps_stay_below_the_cap),
    cmocka_unit_test(age_adds_up_capped_gaps),
    cmocka_unit_test(waitlist_gives_the_earliest_first),
    cmocka_unit_test(waitlist_keeps_ids_whole_and_order_of_arrival),
    cmocka_unit_test(hurry_makes_one_or_all_due),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
