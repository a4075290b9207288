#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "queue/window.h"

static const uint64_t second_us = 1000000;
static const struct window_limits limits = {.most = 20, .backoff_first_s = 60, .backoff_max_s = 3600};

static void results_say_something_about_their_destination(void **state) {
  static const struct {
    struct result result;
    enum window_event expected;
  } cases[] = {
    {{.class = RESULT_SUCCESS, .reply_code = 250}, WINDOW_ANSWERED},
    {{.class = RESULT_SUCCESS}, WINDOW_ANSWERED},
    {{.class = RESULT_FAILURE, .reply_code = 550, .status = {"5.1.1", 5}}, WINDOW_ANSWERED},
    {{.class = RESULT_FAILURE, .status = {"5.1.2", 5}}, WINDOW_NOTHING},
    {{.class = RESULT_DEFERRAL, .reply_code = 450, .status = {"4.2.1", 5}}, WINDOW_ANSWERED},
    {{.class = RESULT_DEFERRAL, .status = {"4.3.0", 5}}, WINDOW_FAULT},
    {{.class = RESULT_DEFERRAL, .status = {"4.4.1", 5}}, WINDOW_UNREACHED},
    {{.class = RESULT_DEFERRAL, .reply_code = 421, .status = {"4.3.2", 5}}, WINDOW_TURNED_AWAY},
    {{.class = RESULT_DEFERRAL, .reply_code = 450, .status = {"4.7.1", 5}}, WINDOW_SLOWER},
    {{.class = RESULT_DEFERRAL, .reply_code = 451}, WINDOW_ANSWERED},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_int_equal(window_event(&cases[i].result), cases[i].expected);
}

static void note(struct window *w, enum window_event e, unsigned times, uint64_t now_us) {
  for (unsigned i = 0; i < times; i++) window_note(w, &limits, e, now_us, 0);
}

static void it_grows_quickly_at_first_and_slowly_after_a_setback(void **state) {
  struct window w = {0};
  (void)state;
  assert_int_equal(window_size(&w, &limits), WINDOW_FIRST);
  note(&w, WINDOW_ANSWERED, 3, 0);
  assert_int_equal(window_size(&w, &limits), WINDOW_FIRST + 3);
  note(&w, WINDOW_ANSWERED, 100, 0);
  assert_int_equal(window_size(&w, &limits), 20);
  note(&w, WINDOW_SLOWER, 1, 0);
  assert_int_equal(window_size(&w, &limits), 10);
  note(&w, WINDOW_ANSWERED, 9, 0);
  assert_int_equal(window_size(&w, &limits), 10);
  note(&w, WINDOW_ANSWERED, 1, 0);
  assert_int_equal(window_size(&w, &limits), 11);
}

static void one_that_is_down_is_probed_ever_more_rarely(void **state) {
  struct window w = {0};
  uint64_t now_us = 1000 * second_us, waits[9];
  (void)state;
  note(&w, WINDOW_UNREACHED, 2, now_us);
  assert_false(w.down); /* 5, 2, 1 */
  assert_int_equal(window_size(&w, &limits), 1);
  for (unsigned i = 0; i < 9; i++) {
    note(&w, WINDOW_UNREACHED, 1, now_us);
    assert_true(w.down);
    note(&w, WINDOW_UNREACHED, 3, now_us); /* others that were under way */
    waits[i] = (window_opens_us(&w, &limits, now_us) - now_us) / second_us;
    now_us = window_opens_us(&w, &limits, now_us);
  }
  static const uint64_t expected[9] = {60, 120, 240, 480, 960, 1920, 3600, 3600, 3600};
  for (unsigned i = 0; i < 9; i++) assert_int_equal(waits[i], expected[i]);
  note(&w, WINDOW_ANSWERED, 1, now_us);
  assert_false(w.down);
  assert_int_equal(window_opens_us(&w, &limits, now_us), now_us);
  note(&w, WINDOW_ANSWERED, 3, now_us);
  assert_true(window_size(&w, &limits) >= 2);
}

static void a_probe_that_came_to_nothing_is_not_repeated_at_once(void **state) {
  struct window w = {.size = 1};
  (void)state;
  note(&w, WINDOW_UNREACHED, 1, 0);
  note(&w, WINDOW_NOTHING, 1, 60 * second_us); /* it was taken back */
  assert_int_equal(window_opens_us(&w, &limits, 60 * second_us), 60 * second_us);
  note(&w, WINDOW_FAULT, 1, 60 * second_us);
  assert_true(w.down);
  assert_int_equal(window_opens_us(&w, &limits, 60 * second_us), 120 * second_us);
}

static void greylisting_slows_and_never_shuts(void **state) {
  struct window w = {0};
  (void)state;
  note(&w, WINDOW_SLOWER, 20, 5);
  assert_false(w.down);
  assert_int_equal(window_size(&w, &limits), 1);
  note(&w, WINDOW_TURNED_AWAY, 1, 5);
  assert_true(w.down);
}

static void jitter_is_at_most_an_eighth(void **state) {
  (void)state;
  for (uint32_t seed = 0; seed < 3000; seed += 7) {
    struct window w = {.size = 1};
    window_note(&w, &limits, WINDOW_UNREACHED, 0, seed);
    assert_in_range(w.probe_us, 60 * second_us, 67500000);
  }
}

/* 10 in 60 s: ten at once, then one each 6 s. */
static void a_rate_allows_a_burst_and_then_a_trickle(void **state) {
  static const struct window_limits l = {.rate = 10, .rate_s = 60};
  struct window w = {0};
  uint64_t now_us = 500 * second_us;
  (void)state;
  for (unsigned i = 0; i < 10; i++) {
    assert_int_equal(window_opens_us(&w, &l, now_us), now_us);
    window_use(&w, &l, now_us);
  }
  for (unsigned i = 1; i < 100; i++) {
    uint64_t opens_us = window_opens_us(&w, &l, now_us);
    assert_int_equal(opens_us, now_us + 6 * second_us);
    now_us = opens_us;
    window_use(&w, &l, now_us);
  }
}

static void the_operator_can_ask_for_a_probe(void **state) {
  struct window w = {.size = 1};
  (void)state;
  note(&w, WINDOW_UNREACHED, 1, 100);
  window_hurry(&w);
  assert_int_equal(window_opens_us(&w, &limits, 100), 100);
  note(&w, WINDOW_UNREACHED, 1, 100);
  assert_int_equal(window_opens_us(&w, &limits, 100), 100 + 120 * second_us);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(results_say_something_about_their_destination),
    cmocka_unit_test(it_grows_quickly_at_first_and_slowly_after_a_setback),
    cmocka_unit_test(one_that_is_down_is_probed_ever_more_rarely),
    cmocka_unit_test(a_probe_that_came_to_nothing_is_not_repeated_at_once),
    cmocka_unit_test(greylisting_slows_and_never_shuts),
    cmocka_unit_test(jitter_is_at_most_an_eighth),
    cmocka_unit_test(a_rate_allows_a_burst_and_then_a_trickle),
    cmocka_unit_test(the_operator_can_ask_for_a_probe),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
