#include "config.h"
#include "local/alias/textset.h"
#include <stdio.h>
#include "lib/unittest.h"

static void each_is_kept_once(void **state) {
  enum { MANY = 5000 };
  struct textset s = {0};
  char name[32];
  (void)state;
  assert_int_equal(textset_add(&s, TEXT("")), 1);
  assert_int_equal(textset_add(&s, TEXT_ABSENT), 0);
  for (int twice = 0; twice < 2; twice++)
    for (int i = 0; i < MANY; i++) {
      snprintf(name, sizeof name, "%d", i);
      assert_int_equal(textset_add(&s, text_of(name)), !twice);
    }
  assert_int_equal(textset_add(&s, TEXT("1\0")), 1);
  assert_int_equal(s.count, MANY + 2);
  assert_text(textset_at(&s, 0), TEXT(""));
  assert_text(textset_at(&s, 1), TEXT("0"));
  assert_text(textset_at(&s, MANY), TEXT("4999"));
  textset_free(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_is_kept_once)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
