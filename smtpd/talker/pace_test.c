#include "config.h"
#include "smtpd/talker/pace.h"
#include "lib/unittest.h"

enum { SECOND = 1000000, MINUTE_S = 60 };

/* Octets as they come, after so many seconds each. */
static const struct {
  const char *name;
  uint64_t rate, seconds;
  size_t octets;
  unsigned times;
  bool goes;
} cases[] = {
  {"no rate is asked for", 0, 3000, 1, 10, true},
  {"as fast as asked for", 10, 1, 10, 1000, true},
  {"a little slower", 10, 1, 9, 60, false},
  {"slower, but not for a window", 10, 1, 9, 59, true},
  {"a pause shorter than the window", 10, 59, 1000, 100, true},
  {"all at once behind the window", 10, 61, 610, 1, true},
  {"too little behind the window", 10, 61, 609, 1, false},
  {"an octet each second", 10, 1, 1, 60, false},
  {"much at first does not last for ever", 10, 1, 10, 60, true},
};

static void a_pace_is_kept_in_each_window(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct pace p = {.rate = cases[i].rate, .window_us = MINUTE_S * (uint64_t)SECOND};
    bool goes = true;
    pace_begin(&p);
    for (unsigned n = 0; goes && n < cases[i].times; n++)
      goes = pace_take(&p, cases[i].seconds * SECOND, cases[i].octets, 1);
    if (goes != cases[i].goes) fail_msg("%s", cases[i].name);
  }
}

static void a_flood_pays_for_one_window(void **state) {
  struct pace p = {.rate = 10, .window_us = SECOND};
  (void)state;
  pace_begin(&p);
  assert_true(pace_take(&p, SECOND, 1000000, 1));
  assert_false(pace_take(&p, SECOND, 0, 1));
}

static void more_can_be_asked_for(void **state) {
  struct pace p = {.rate = 10, .window_us = SECOND};
  (void)state;
  pace_begin(&p);
  assert_true(pace_take(&p, SECOND, 20, 2));
  assert_true(pace_take(&p, SECOND, 19, 1));
  assert_false(pace_take(&p, SECOND, 19, 2));
}

static void only_messages_are_measured(void **state) {
  struct pace p = {.rate = 10, .window_us = SECOND};
  (void)state;
  assert_true(pace_take(&p, 100 * SECOND, 0, 1));
  assert_int_equal(pace_wait_ms(&p, 5000), 5000);
  pace_begin(&p);
  assert_int_equal(pace_wait_ms(&p, 5000), 1001);
  assert_int_equal(pace_wait_ms(&p, 500), 500);
  assert_int_equal(pace_wait_ms(&p, -1), 1001);
  assert_true(pace_take(&p, SECOND / 2, 0, 1));
  assert_int_equal(pace_wait_ms(&p, 5000), 501);
  pace_end(&p);
  assert_true(pace_take(&p, 100 * SECOND, 0, 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_pace_is_kept_in_each_window),
    cmocka_unit_test(a_flood_pays_for_one_window),
    cmocka_unit_test(more_can_be_asked_for),
    cmocka_unit_test(only_messages_are_measured),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
