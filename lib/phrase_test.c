#include "config.h"
#include "lib/phrase.h"
#include "lib/unittest.h"

static void writes_names(void **state) {
  (void)state;
  const struct {
    struct text name, phrase, comment;
  } cases[] = {
    {TEXT("Joe User"), TEXT("Joe User"), TEXT("(Joe User)")},
    {TEXT("Joe Q. User"), TEXT("\"Joe Q. User\""), TEXT("(Joe Q. User)")},
    {TEXT(" Joe"), TEXT("\" Joe\""), TEXT("( Joe)")},
    {TEXT("J \"x\\y\" (z)"), TEXT("\"J \\\"x\\\\y\\\" (z)\""), TEXT("(J \"x\\\\y\" \\(z\\))")},
    {TEXT("=?utf-8?q?x?="), TEXT("\"=?utf-8?q?x?=\""), TEXT("(=?utf-8?q?x?=)")},
    {TEXT(""), TEXT("\"\""), TEXT("()")},
    {TEXT("a\nBcc: b\0"), TEXT("\"a?Bcc: b?\""), TEXT("(a?Bcc: b?)")},
    {TEXT("J\xc3\xb6rg (x)_"), TEXT("=?utf-8?q?J=C3=B6rg_=28x=29=5F?="),
     TEXT("(=?utf-8?q?J=C3=B6rg_=28x=29=5F?=)")},
    {TEXT("J\xf6rg"), TEXT("=?unknown-8bit?q?J=F6rg?="), TEXT("(=?unknown-8bit?q?J=F6rg?=)")},
    {TEXT("\xc0\xaf"), TEXT("=?unknown-8bit?q?=C0=AF?="), TEXT("(=?unknown-8bit?q?=C0=AF?=)")},
    {TEXT("\xe2\x82"), TEXT("=?unknown-8bit?q?=E2=82?="), TEXT("(=?unknown-8bit?q?=E2=82?=)")},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    assert_int_equal(phrase_cat(&out, cases[i].name), 0);
    assert_text(text_of_stralloc(&out), cases[i].phrase);
    stralloc_zero(&out);
    assert_int_equal(phrase_cat_comment(&out, cases[i].name), 0);
    assert_text(text_of_stralloc(&out), cases[i].comment);
    stralloc_free(&out);
  }
}

static void writes_words(void **state) {
  (void)state;
  const struct {
    struct text words, written;
  } cases[] = {
    {TEXT("Re: a (b) \"c\""), TEXT("Re: a (b) \"c\"")},
    {TEXT("=?utf-8?q?x?= y"), TEXT("=?utf-8?q?x?= y")},
    {TEXT("a\nBcc: b"), TEXT("a?Bcc: b")},
    {TEXT("\xc3\xb6 x"), TEXT("=?utf-8?q?=C3=B6_x?=")},
    {TEXT(""), TEXT("")},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    assert_true(stralloc_copys(&out, ""));
    assert_int_equal(phrase_cat_unstructured(&out, cases[i].words), 0);
    assert_text(text_of_stralloc(&out), cases[i].written);
    stralloc_free(&out);
  }
}

static void long_names_fold_between_characters(void **state) {
  (void)state;
  stralloc name = {0}, out = {0};
  for (int i = 0; i < 20; i++) assert_true(stralloc_cats(&name, "\xe2\x82\xac"));
  assert_int_equal(phrase_cat(&out, text_of_stralloc(&name)), 0);
  assert_true(stralloc_0(&out));
  /* 63 octets are left of 75: 7 characters of 9 */
  const char *word = "=?utf-8?q?"
                     "=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC?=\n ";
  assert_int_equal(strncmp(out.s, word, strlen(word)), 0);
  for (char *line = strtok(out.s, "\n"); line; line = strtok(NULL, "\n"))
    assert_true(strlen(line) <= 76);
  stralloc_free(&name);
  stralloc_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(writes_names),
    cmocka_unit_test(writes_words),
    cmocka_unit_test(long_names_fold_between_characters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
