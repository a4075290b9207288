#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "remote/mx.h"

static struct mx_set set;

static int begin(void **state) {
  (void)state;
  set = (struct mx_set){.count = 0};
  return 0;
}

static void by_preference(void **state) {
  (void)state;
  mx_add(&set, 20, text_of("c"), 1);
  mx_add(&set, 10, text_of("b"), 9);
  mx_add(&set, 10, text_of("a"), 3);
  mx_add(&set, 65535, text_of("d"), 0);
  mx_sort(&set);
  assert_string_equal(set.hosts[0].name, "a");
  assert_string_equal(set.hosts[1].name, "b");
  assert_string_equal(set.hosts[2].name, "c");
  assert_string_equal(set.hosts[3].name, "d");
  assert_int_equal(mx_group_end(&set, 0), 2);
  assert_int_equal(mx_group_end(&set, 2), 3);
  assert_int_equal(mx_group_end(&set, 3), 4);
}

static void keeps_the_best(void **state) {
  (void)state;
  for (unsigned i = 0; i < 1000; i++) {
    char name[16];
    snprintf(name, sizeof name, "mx%u", 999 - i);
    mx_add(&set, 999 - i, text_of(name), 7);
  }
  mx_sort(&set);
  assert_int_equal(set.count, MX_MAX);
  assert_int_equal(set.hosts[0].preference, 0);
  assert_int_equal(set.hosts[MX_MAX - 1].preference, MX_MAX - 1);
  assert_string_equal(set.hosts[5].name, "mx5");
}

static void null_mx(void **state) {
  (void)state;
  mx_add(&set, 0, text_of("."), 1);
  assert_true(mx_is_null(&set));
  mx_add(&set, 10, text_of("a"), 1);
  assert_false(mx_is_null(&set));
  assert_int_equal(set.count, 1);
}

static void none_is_not_null(void **state) {
  (void)state;
  assert_false(mx_is_null(&set));
}

static void name_too_long(void **state) {
  char name[MX_NAME_MAX + 1];
  (void)state;
  memset(name, 'a', sizeof name);
  mx_add(&set, 1, (struct text){name, MX_NAME_MAX + 1}, 1);
  assert_int_equal(set.count, 0);
  mx_add(&set, 1, (struct text){name, MX_NAME_MAX}, 1);
  assert_int_equal(set.count, 1);
}

static void same_name(void **state) {
  (void)state;
  assert_true(mx_same_name(text_of("MX.Example.org."), text_of("mx.example.org")));
  assert_false(mx_same_name(text_of("mx.example.org"), text_of("mx1.example.org")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(by_preference, begin),    cmocka_unit_test_setup(keeps_the_best, begin),
    cmocka_unit_test_setup(null_mx, begin),          cmocka_unit_test_setup(none_is_not_null, begin),
    cmocka_unit_test_setup(name_too_long, begin),    cmocka_unit_test_setup(same_name, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
