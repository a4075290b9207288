#include "config.h"
#include "mailbox/filename.h"
#include "lib/unittest.h"

static void names_say(void **state) {
  (void)state;
  const struct {
    const char *name, *base, *flags;
    uint64_t size, wire_size, time_us;
  } cases[] = {
    {"1700000000.M5P7Q1.host,S=10,W=12:2,RS", "1700000000.M5P7Q1.host,S=10,W=12", "RS", 10, 12, 1700000000000005},
    {"1700000000.M5P7Q1.host,S=10,W=12", "1700000000.M5P7Q1.host,S=10,W=12", "", 10, 12, 1700000000000005},
    {"1700000000.7.host:2,", "1700000000.7.host", "", SIZE_UNKNOWN, SIZE_UNKNOWN, 1700000000000000},
    {"1700000000.7.host:1,x", "1700000000.7.host", "", SIZE_UNKNOWN, SIZE_UNKNOWN, 1700000000000000},
    {"1700000000.7.host:", "1700000000.7.host", "", SIZE_UNKNOWN, SIZE_UNKNOWN, 1700000000000000},
    {"a,W=3,S=2", "a,W=3,S=2", "", 2, 3, 0},
    {"a,S=2x,W=", "a,S=2x,W=", "", SIZE_UNKNOWN, SIZE_UNKNOWN, 0},
    {"a,S=99999999999999999999", "a,S=99999999999999999999", "", SIZE_UNKNOWN, SIZE_UNKNOWN, 0},
    {"a:2,S,S=5", "a", "S,S=5", SIZE_UNKNOWN, SIZE_UNKNOWN, 0},
    {"99999999999999.x", "99999999999999.x", "", SIZE_UNKNOWN, SIZE_UNKNOWN, 0},
    {"1.M99999999P1.x", "1.M99999999P1.x", "", SIZE_UNKNOWN, SIZE_UNKNOWN, 1000000},
    {"1", "1", "", SIZE_UNKNOWN, SIZE_UNKNOWN, 1000000},
    {"", "", "", SIZE_UNKNOWN, SIZE_UNKNOWN, 0},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct filename f;
    filename_read(&f, text_of(cases[i].name));
    print_message("%s\n", cases[i].name);
    assert_text(f.base, text_of(cases[i].base));
    assert_text(f.flags, text_of(cases[i].flags));
    assert_int_equal(f.size, cases[i].size);
    assert_int_equal(f.wire_size, cases[i].wire_size);
    assert_int_equal(f.time_us, cases[i].time_us);
  }
}

static void deliveries_have_an_order(void **state) {
  (void)state;
  static const char *const ordered[] = {"0first", "a", "ab", "b", "5.a", "5.M2P1.a", "10.a", "10.b", "11.M7P1.c", "11.M11P1.b"};
  for (size_t i = 0; i < COUNT(ordered); i++)
    for (size_t j = 0; j < COUNT(ordered); j++) {
      struct filename a, b;
      filename_read(&a, text_of(ordered[i]));
      filename_read(&b, text_of(ordered[j]));
      int order = filename_compare(&a, &b);
      assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
    }
}

static void what_is_a_message(void **state) {
  (void)state;
  assert_true(filename_is_message("1"));
  assert_false(filename_is_message(".nfs01"));
  assert_false(filename_is_message(""));
  assert_false(filename_is_message(":2,S"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_say), cmocka_unit_test(deliveries_have_an_order), cmocka_unit_test(what_is_a_message),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
