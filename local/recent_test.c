#include "config.h"
#include "local/recent.h"
#include <stdio.h>
#include "lib/unittest.h"

static void who_was_here(void **state) {
  static const struct {
    const char *user;
    uint64_t now_us, seconds;
    bool is_in;
  } cases[] = {
    {"joe", 5000000, 10, true},   {"joe", 14999999, 10, true}, {"joe", 15000000, 10, false}, {"JOE", 6000000, 10, true},
    {"joe", 5000000, 0, false},   {"jo", 5000000, 10, false},  {"ann", 5000000, 10, false},  {"", 5000000, 10, false},
  };
  (void)state;
  struct recent r = {0};
  recent_forget(&r, text_of("joe"));
  assert_false(recent_is_in(&r, text_of("joe"), 5000000, 10));
  recent_note(&r, text_of("Joe"), 5000000);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(recent_is_in(&r, text_of(cases[i].user), cases[i].now_us, cases[i].seconds), cases[i].is_in);
  recent_note(&r, text_of("joe"), 20000000);
  assert_true(recent_is_in(&r, text_of("joe"), 29000000, 10));
  recent_forget(&r, text_of("ann"));
  assert_true(recent_is_in(&r, text_of("joe"), 29000000, 10));
  recent_forget(&r, text_of("JOE"));
  assert_false(recent_is_in(&r, text_of("joe"), 29000000, 10));
  recent_free(&r);
}

static void many_are_forgotten_and_nobody_is_invented(void **state) {
  enum { MANY = 3 * RECENT_PLACES };
  char name[16];
  size_t known = 0;
  (void)state;
  struct recent r = {0};
  for (int i = 0; i < MANY; i++) {
    snprintf(name, sizeof name, "user%d", i);
    assert_false(recent_is_in(&r, text_of(name), 1000000, 10));
    recent_note(&r, text_of(name), 1000000);
    assert_true(recent_is_in(&r, text_of(name), 1000000, 10));
  }
  for (int i = 0; i < MANY; i++) {
    snprintf(name, sizeof name, "user%d", i);
    known += recent_is_in(&r, text_of(name), 1000000, 10);
  }
  assert_in_range(known, RECENT_PLACES / 2, RECENT_PLACES);
  recent_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(who_was_here), cmocka_unit_test(many_are_forgotten_and_nobody_is_invented)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
