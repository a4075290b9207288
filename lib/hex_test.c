#include "config.h"
#include "lib/hex.h"
#include "lib/unittest.h"

static void decodes(void **state) {
  (void)state;
  const struct {
    struct text digits, octets; /* absent: refused */
  } cases[] = {
    {TEXT("00ff7a"), TEXT("\0\xffz")}, {TEXT("0"), TEXT_ABSENT},   {TEXT("0g"), TEXT_ABSENT},
    {TEXT("FF"), TEXT_ABSENT},         {TEXT("0\0"), TEXT_ABSENT}, {TEXT("a a "), TEXT_ABSENT},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0}, again = {0};
    assert_int_equal(hex_decode(&out, cases[i].digits), cases[i].octets.s ? 0 : -1);
    if (cases[i].octets.s) {
      assert_text(text_of_stralloc(&out), cases[i].octets);
      assert_int_equal(hex_cat(&again, cases[i].octets), 0);
      assert_text(text_of_stralloc(&again), cases[i].digits);
    }
    stralloc_free(&out);
    stralloc_free(&again);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(decodes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
