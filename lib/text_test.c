#include "config.h"
#include "lib/text.h"
#include "lib/unittest.h"

static void absent_and_empty_are_equal_but_not_the_same(void **state) {
  (void)state;
  assert_null(text_of(NULL).s);
  assert_non_null(text_of("").s);
  assert_true(text_equal(text_of(""), TEXT_ABSENT));
  stralloc none = {0};
  assert_non_null(text_of_stralloc(&none).s);
  assert_int_equal(text_of_stralloc(&none).len, 0);
}

static void compares(void **state) {
  (void)state;
  const struct {
    struct text a, b;
    bool equal, equal_nocase;
    int order;
  } cases[] = {
    {TEXT("abc"), TEXT("abc"), true, true, 0},
    {TEXT("aBc"), TEXT("Abc"), false, true, 0},
    {TEXT("abc"), TEXT("abcd"), false, false, -1},
    {TEXT("ABD"), TEXT("abc"), false, false, 1},
    {TEXT("a\0b"), TEXT("a\0c"), false, false, -1},
    {TEXT("@"), TEXT("`"), false, false, -1},
    {TEXT("["), TEXT("{"), false, false, -1},
    {TEXT("\xc3\x84"), TEXT("\xc3\xa4"), false, false, -1},
    {TEXT(""), TEXT(""), true, true, 0},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_int_equal(text_equal(cases[i].a, cases[i].b), cases[i].equal);
    assert_int_equal(text_equal_nocase(cases[i].a, cases[i].b), cases[i].equal_nocase);
    int order = text_compare_nocase(cases[i].a, cases[i].b);
    assert_int_equal((order > 0) - (order < 0), cases[i].order);
    order = text_compare_nocase(cases[i].b, cases[i].a);
    assert_int_equal((order > 0) - (order < 0), -cases[i].order);
  }
  assert_true(text_equals(TEXT("abc"), "abc"));
  assert_false(text_equals(TEXT("abc\0"), "abc"));
}

static void cleans(void **state) {
  (void)state;
  for (int c = 0; c < 256; c++) {
    char octet = (char)c;
    stralloc out = {0};
    bool clean = c >= 32 && c != 127;
    assert_int_equal(text_is_clean((struct text){&octet, 1}), clean);
    assert_int_equal(text_cat_cleaned(&out, (struct text){&octet, 1}), 0);
    assert_int_equal(out.s[0], clean ? octet : '?');
    stralloc_free(&out);
  }
  assert_true(text_is_clean(TEXT_ABSENT));
}

static void cleaning_leaves_what_stood_before(void **state) {
  (void)state;
  stralloc out = {0};
  assert_int_equal(text_cat(&out, TEXT("\r\n")), 0);
  assert_int_equal(text_cat_cleaned(&out, TEXT("a\tb")), 0);
  assert_int_equal(text_cat(&out, TEXT_ABSENT), 0);
  assert_text(text_of_stralloc(&out), TEXT("\r\na?b"));
  stralloc_free(&out);
}

static void lowering_leaves_what_stood_before(void **state) {
  (void)state;
  stralloc out = {0};
  assert_int_equal(text_cat(&out, TEXT("AB")), 0);
  assert_int_equal(text_cat_lower(&out, TEXT("@AZ[`az{\0\xc4")), 0);
  assert_text(text_of_stralloc(&out), TEXT("AB@az[`az{\0\xc4"));
  stralloc_free(&out);
}

static void cuts_parts(void **state) {
  (void)state;
  struct text rest = TEXT("a::b"), part;
  assert_true(text_cut(&rest, ':', &part));
  assert_text(part, TEXT("a"));
  assert_true(text_cut(&rest, ':', &part));
  assert_text(part, TEXT(""));
  assert_text(rest, TEXT("b"));
  assert_true(text_cut(&rest, ':', &part));
  assert_text(part, TEXT("b"));
  assert_false(text_cut(&rest, ':', &part));
  rest = TEXT("a\n");
  assert_true(text_cut(&rest, '\n', &part));
  assert_text(rest, TEXT(""));
  assert_true(text_cut(&rest, '\n', &part));
  assert_text(part, TEXT(""));
  assert_null(rest.s);
}

static void reads_numbers(void **state) {
  (void)state;
  const struct {
    struct text t;
    int result;
    uint64_t value;
  } cases[] = {
    {TEXT("0"), 0, 0},
    {TEXT("007"), 0, 7},
    {TEXT("18446744073709551615"), 0, UINT64_MAX},
    {TEXT("18446744073709551616"), -1, 0},
    {TEXT("99999999999999999999"), -1, 0},
    {TEXT(""), -1, 0},
    {TEXT("-1"), -1, 0},
    {TEXT("+1"), -1, 0},
    {TEXT(" 1"), -1, 0},
    {TEXT("1 "), -1, 0},
    {TEXT("1\0"), -1, 0},
    {TEXT("0x10"), -1, 0},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    uint64_t value = 0;
    assert_int_equal(text_uint(cases[i].t, &value), cases[i].result);
    assert_int_equal(value, cases[i].value);
  }
  uint64_t value;
  assert_int_equal(text_uint(TEXT_ABSENT, &value), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(absent_and_empty_are_equal_but_not_the_same),
    cmocka_unit_test(compares),
    cmocka_unit_test(cleans),
    cmocka_unit_test(cleaning_leaves_what_stood_before),
    cmocka_unit_test(cuts_parts),
    cmocka_unit_test(lowering_leaves_what_stood_before),
    cmocka_unit_test(reads_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
