#include "config.h"
#include "local/testing.h"
#include "local/program/text.h"
#include <stdio.h>
#include <string.h>
#include "lib/unittest.h"

static void adds(struct programtext *t, const char *piece) { programtext_add(t, text_of(piece)); }

static void words_are_one_clean_line(void **state) {
  const struct {
    const char *name;
    struct text said;
    const char *line;
  } cases[] = {
    {"nothing", TEXT(""), ""},
    {"blank lines", TEXT("\n \r\n\t\n"), ""},
    {"a line", TEXT("no such user\n"), "no such user"},
    {"lines", TEXT("one\r\ntwo\n\nthree"), "one/two//three"},
    {"control octets", TEXT("a\0b\033[1mc\177\n"), "a?b?[1mc?"},
    {"other octets", TEXT("gr\xc3\xbc\xc3\x9f\x65"), "gr\xc3\xbc\xc3\x9f\x65"},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct programtext t = {0};
    stralloc out = {0};
    print_message("%s\n", cases[i].name);
    programtext_add(&t, cases[i].said);
    assert_int_equal(programtext_cat(&out, &t), 0);
    assert_true(text_equals(text_of_stralloc(&out), cases[i].line));
    stralloc_free(&out);
  }
}

static void the_last_words_are_kept(void **state) {
  struct programtext t = {0};
  stralloc out = {0};
  char much[PROGRAM_OUTPUT_MAX + 1] = {0};
  (void)state;
  memset(much, 'x', PROGRAM_OUTPUT_MAX);
  adds(&t, much);
  assert_false(t.cut);
  adds(&t, "the end\n");
  assert_true(t.cut);
  assert_int_equal(t.len, PROGRAM_OUTPUT_MAX);
  assert_int_equal(programtext_cat(&out, &t), 0);
  assert_memory_equal(out.s, "...xxx", 6);
  assert_memory_equal(out.s + out.len - 8, "xthe end", 8);
  for (int i = 0; i < 3; i++) programtext_add(&t, TEXT("\x9f\xc3\x9f")); /* a character cut in two */
  programtext_add(&t, (struct text){much, PROGRAM_OUTPUT_MAX - 2});
  stralloc_zero(&out);
  assert_int_equal(programtext_cat(&out, &t), 0);
  assert_memory_equal(out.s, "...\xc3\x9fxx", 7);
  char larger[2 * PROGRAM_OUTPUT_MAX];
  memset(larger, 'y', sizeof larger);
  programtext_add(&t, (struct text){larger, sizeof larger});
  assert_int_equal(t.len, PROGRAM_OUTPUT_MAX);
  assert_int_equal(t.octets[0], 'y');
  stralloc_free(&out);
}

static int exited(int code) { return code << 8; }

static void exit_codes_mean_what_qmail_says(void **state) {
  static const int permanent[] = {100, 64, 65, 70, 76, 77, 78, 112};
  struct programtext t = {0};
  stralloc said = {0};
  (void)state;
  for (int code = 0; code < 256; code++) {
    struct verdict v = {0};
    bool fails = false;
    for (size_t i = 0; i < COUNT(permanent); i++) fails |= permanent[i] == code;
    enum program_end end = programtext_judge(&t, exited(code), &said, &v);
    assert_int_equal(end, code == 0 ? PROGRAM_DONE : code == 99 ? PROGRAM_STOP : PROGRAM_FAILED);
    if (end == PROGRAM_FAILED) {
      assert_int_equal(v.class, fails ? RESULT_FAILURE : RESULT_DEFERRAL);
      assert_int_equal(v.status[0], fails ? '5' : '4');
    }
    verdict_free(&v);
  }
  stralloc_free(&said);
}

static void the_verdict_is_in_its_own_words(void **state) {
  static const struct {
    int status;
    const char *said, *code, *text;
  } cases[] = {
    {100 << 8, "", "5.3.0", "the program ended with exit code 100"},
    {100 << 8, "go away\n", "5.3.0", "go away"},
    {77 << 8, "no", "5.7.1", "no"},
    {67 << 8, "unknown\nuser\n", "4.1.1", "unknown/user"},
    {75 << 8, " \n", "4.3.0", "the program ended with exit code 75"},
    {9, "", "4.3.0", "the program died of signal 9"},
    {15, "ouch", "4.3.0", "ouch"},
  };
  stralloc said = {0};
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct programtext t = {0};
    struct verdict v = {0};
    adds(&t, cases[i].said);
    assert_int_equal(programtext_judge(&t, cases[i].status, &said, &v), PROGRAM_FAILED);
    assert_string_equal(v.status, cases[i].code);
    assert_true(text_equals(text_of_stralloc(&v.text), cases[i].text));
    verdict_free(&v);
  }
  assert_int_equal(said.len, 0);
  stralloc_free(&said);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(words_are_one_clean_line),
    cmocka_unit_test(the_last_words_are_kept),
    cmocka_unit_test(exit_codes_mean_what_qmail_says),
    cmocka_unit_test(the_verdict_is_in_its_own_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
