#include "config.h"
#include "lib/xtext.h"
#include "lib/unittest.h"

static void decodes(void **state) {
  (void)state;
  const struct {
    struct text xtext, octets; /* absent: refused */
  } cases[] = {
    {TEXT(""), TEXT("")},
    {TEXT("abc"), TEXT("abc")},
    {TEXT("a+2Bb+3D+00"), TEXT("a+b=\0")},
    {TEXT("+FF"), TEXT("\xff")},
    {TEXT("+2b"), TEXT_ABSENT},
    {TEXT("+2"), TEXT_ABSENT},
    {TEXT("+"), TEXT_ABSENT},
    {TEXT("+\0000"), TEXT_ABSENT},
    {TEXT("a=b"), TEXT_ABSENT},
    {TEXT("a b"), TEXT_ABSENT},
    {TEXT("a\x7f"), TEXT_ABSENT},
    {TEXT("\xc3\xa4"), TEXT_ABSENT},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    assert_int_equal(xtext_decode(&out, cases[i].xtext), cases[i].octets.s ? 0 : -1);
    if (cases[i].octets.s) assert_text(text_of_stralloc(&out), cases[i].octets);
    stralloc_free(&out);
  }
}

static void every_octet_survives(void **state) {
  (void)state;
  char octets[256];
  stralloc xtext = {0}, out = {0};
  for (int i = 0; i < 256; i++) octets[i] = (char)i;
  assert_int_equal(xtext_encode(&xtext, (struct text){octets, 256}), 0);
  assert_int_equal(xtext.len, 92 + 164 * 3); /* 94 printable ones but '+' and '=' stand for themselves */
  assert_int_equal(xtext_decode(&out, text_of_stralloc(&xtext)), 0);
  assert_text(text_of_stralloc(&out), ((struct text){octets, 256}));
  stralloc_free(&xtext);
  stralloc_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(decodes),
    cmocka_unit_test(every_octet_survives),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
