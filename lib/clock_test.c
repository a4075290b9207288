#include "config.h"
#include "lib/clock.h"
#include "lib/unittest.h"

static void writes_dates(void **state) {
  (void)state;
  static const struct {
    uint64_t seconds;
    const char *date;
  } cases[] = {
    {0, "1 Jan 1970 00:00:00 -0000"},
    {951782400, "29 Feb 2000 00:00:00 -0000"},
    {1234567890, "13 Feb 2009 23:31:30 -0000"},
    {2147483648, "19 Jan 2038 03:14:08 -0000"},
    {4107542399, "28 Feb 2100 23:59:59 -0000"},
    {4107542400, "1 Mar 2100 00:00:00 -0000"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    assert_int_equal(clock_cat_date(&out, cases[i].seconds * 1000000 + 999999), 0);
    assert_text(text_of_stralloc(&out), text_of(cases[i].date));
    stralloc_free(&out);
  }
}

static void the_latest_time_of_all_is_no_fault(void **state) {
  (void)state;
  stralloc out = {0};
  assert_int_equal(clock_cat_date(&out, UINT64_MAX), 0);
  stralloc_free(&out);
}

static uint64_t seven(void *context) { return *(uint64_t *)context + 7; }
static uint64_t nine(void *context) { return *(uint64_t *)context + 9; }

static void reads_the_clock_that_it_is_given(void **state) {
  (void)state;
  uint64_t base = 100;
  struct clock c = {seven, nine, &base};
  assert_int_equal(clock_wall_us(&c), 107);
  assert_int_equal(clock_boot_us(&c), 109);
}

static void the_system_clock_goes_on(void **state) {
  (void)state;
  uint64_t boot = clock_boot_us(&clock_system);
  assert_true(boot > 0 && clock_boot_us(&clock_system) >= boot);
  assert_true(clock_wall_us(&clock_system) > 1700000000ull * 1000000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(writes_dates),
    cmocka_unit_test(the_latest_time_of_all_is_no_fault),
    cmocka_unit_test(reads_the_clock_that_it_is_given),
    cmocka_unit_test(the_system_clock_goes_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
