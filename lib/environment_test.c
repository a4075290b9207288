#include "config.h"
#include "lib/environment.h"
#include <errno.h>
#include "lib/unittest.h"

static void is(const struct environment *e, const char *const *lines) {
  size_t count = 0;
  for (; lines[count]; count++) assert_string_equal(e->list[count], lines[count]);
  assert_null(e->list[count]);
  assert_int_equal(e->count, count);
}

static void what_is_absent_has_no_name(void **state) {
  struct environment e = {0};
  (void)state;
  is(&e, (const char *const[]){NULL});
  assert_int_equal(environment_add(&e, "A", TEXT_ABSENT), 0);
  assert_int_equal(environment_add_u(&e, "B", 0), 0);
  assert_int_equal(environment_add(&e, "C", text_of("")), 0);
  assert_int_equal(environment_add_u(&e, "D", UINT64_MAX), 0);
  is(&e, (const char *const[]){"C=", "D=18446744073709551615", NULL});
  environment_free(&e);
}

static void ends_are_told_as_far_as_they_are_known(void **state) {
  struct environment e = {0};
  (void)state;
  assert_int_equal(environment_add_ends(&e, &(struct environment_ends){.client_name = text_of("")}), 0);
  is(&e, (const char *const[]){"PROTO=TCP", NULL});
  environment_free(&e);
  const struct environment_ends all = {text_of("192.0.2.1"), text_of("a.test"), text_of("::1"), 4711, 25};
  assert_int_equal(environment_add_ends(&e, &all), 0);
  is(&e, (const char *const[]){"PROTO=TCP", "TCPREMOTEIP=192.0.2.1", "TCPREMOTEPORT=4711", "TCPREMOTEHOST=a.test",
                               "TCPLOCALIP=::1", "TCPLOCALPORT=25", NULL});
  environment_free(&e);
}

static void long_values_are_whole_and_there_is_an_end(void **state) {
  static char value[5001], line[5003] = "A=";
  struct environment e = {0};
  (void)state;
  memset(value, 'x', sizeof value - 1);
  memset(line + 2, 'x', sizeof line - 3);
  assert_int_equal(environment_add(&e, "A", text_of(value)), 0);
  is(&e, (const char *const[]){line, NULL});
  for (int i = 1; i < ENVIRONMENT_MAX; i++) assert_int_equal(environment_add_u(&e, "N", 7), 0);
  assert_int_equal(environment_add_u(&e, "N", 7), -1);
  assert_int_equal(errno, E2BIG);
  assert_null(e.list[ENVIRONMENT_MAX]);
  environment_free(&e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_absent_has_no_name),
    cmocka_unit_test(ends_are_told_as_far_as_they_are_known),
    cmocka_unit_test(long_values_are_whole_and_there_is_an_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
