#include "config.h"
#include "lib/base64.h"
#include "lib/unittest.h"

static void decodes(void **state) {
  (void)state;
  const struct {
    struct text base64, octets; /* absent: refused */
  } cases[] = {
    {TEXT(""), TEXT("")},
    {TEXT("Zg=="), TEXT("f")},
    {TEXT("Zm8="), TEXT("fo")},
    {TEXT("Zm9v"), TEXT("foo")},
    {TEXT("AGJvYgBzZWNyZXQ="), TEXT("\0bob\0secret")},
    {TEXT("+/+/"), TEXT("\xfb\xff\xbf")},
    {TEXT("Zg="), TEXT_ABSENT},
    {TEXT("Zg"), TEXT_ABSENT},
    {TEXT("Zg==Zg=="), TEXT_ABSENT},
    {TEXT("Zm 9v"), TEXT_ABSENT},
    {TEXT(" Zm9v"), TEXT_ABSENT},
    {TEXT("Zm9v\n"), TEXT_ABSENT},
    {TEXT("===="), TEXT_ABSENT},
    {TEXT("Z==="), TEXT_ABSENT},
    {TEXT("Zm9*"), TEXT_ABSENT},
    {TEXT("-_-_"), TEXT_ABSENT},
    {TEXT("*"), TEXT_ABSENT},
    {TEXT("="), TEXT_ABSENT},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    assert_int_equal(base64_decode(&out, cases[i].base64), cases[i].octets.s ? 0 : -1);
    if (cases[i].octets.s && cases[i].octets.len) assert_text(text_of_stralloc(&out), cases[i].octets);
    stralloc_free(&out);
  }
}

static void every_length_survives(void **state) {
  (void)state;
  char octets[256];
  for (int i = 0; i < 256; i++) octets[i] = (char)i;
  for (size_t len = 1; len <= 256; len++) {
    stralloc base64 = {0}, out = {0};
    assert_int_equal(base64_cat(&base64, (struct text){octets + 256 - len, len}), 0);
    assert_int_equal(base64_decode(&out, text_of_stralloc(&base64)), 0);
    assert_text(text_of_stralloc(&out), ((struct text){octets + 256 - len, len}));
    stralloc_free(&base64);
    stralloc_free(&out);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(decodes),
    cmocka_unit_test(every_length_survives),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
