#include "config.h"
#include "queue/owlq/jsonline.h"
#include <stdlib.h>
#include "lib/unittest.h"
#include "queue/owlq/progress.h"
#include "queue/owlq/utf8.h"

static void assert_line(struct jsonline *j, const char *expected) {
  stralloc line = {0};
  assert_int_equal(jsonline_cat(&line, j), 0);
  assert_true(stralloc_0(&line));
  assert_string_equal(line.s, expected);
  stralloc_free(&line);
}

static void texts_are_escaped(void **state) {
  const struct {
    struct text text;
    const char *line;
  } cases[] = {
    {TEXT("joe@a.test"), "{\"t\":\"joe@a.test\"}"},
    {TEXT(""), "{\"t\":\"\"}"},
    {TEXT("a\"b\\c/"), "{\"t\":\"a\\\"b\\\\c/\"}"},
    {TEXT("a\nb\033[2J"), "{\"t\":\"a\\nb\\u001B[2J\"}"},
    {TEXT("a\0b"), "{\"t\":\"a\\u0000b\"}"},
    {TEXT("\x7fx\x7f"), "{\"t\":\"\\u007fx\\u007f\"}"},
    {TEXT("j\xc3\xb6rg"), "{\"t\":\"j\\u00F6rg\"}"},
    {TEXT("\xf0\x9f\xa6\x89"), "{\"t\":\"\\uD83E\\uDD89\"}"},
    {TEXT("\xc2\x9b" "31m"), "{\"t\":\"\\u009B31m\"}"},
    {TEXT("\xe2\x80\xae"), "{\"t\":\"\\u202E\"}"},
    {TEXT("a\xffz"), "{\"t\":\"a\\uFFFDz\"}"},
    {TEXT("\xc3"), "{\"t\":\"\\uFFFD\"}"},
    {TEXT("\xc0\xaf"), "{\"t\":\"\\uFFFD\\uFFFD\"}"},
    {TEXT("\xed\xa0\x80"), "{\"t\":\"\\uFFFD\\uFFFD\\uFFFD\"}"},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct jsonline j;
    jsonline_begin(&j);
    jsonline_text(&j, "t", cases[i].text);
    assert_line(&j, cases[i].line);
  }
}

static void members_of_every_kind(void **state) {
  struct jsonline j, child;
  (void)state;
  jsonline_begin(&j);
  jsonline_text(&j, "absent", TEXT_ABSENT);
  jsonline_string(&j, "null", NULL);
  jsonline_number(&j, "n", 0);
  jsonline_number(&j, "most", UINT64_MAX);
  jsonline_flag(&j, "yes", true);
  jsonline_time(&j, "at", UINT64_C(1795438835383624));
  jsonline_time(&j, "never", 0);
  jsonline_array(&j, "none");
  for (unsigned i = 0; i < 2; i++) {
    jsonline_begin(&child);
    jsonline_number(&child, "i", i);
    jsonline_append(&j, "list", &child);
  }
  jsonline_append_text(&j, "words", TEXT("w"));
  assert_line(&j, "{\"n\":0,\"most\":9223372036854775807,\"yes\":true,\"at\":\"2026-11-23T13:00:35Z\","
                  "\"none\":[],\"list\":[{\"i\":0},{\"i\":1}],\"words\":[\"w\"]}");
}

/* ---- UTF-8 */

static void characters_are_told_from_rubbish(void **state) {
  const struct {
    struct text text;
    size_t octets;
    uint32_t character;
  } cases[] = {
    {TEXT("a"), 1, 'a'},
    {TEXT("\0"), 1, 0},
    {TEXT("\xc2\x80"), 2, 0x80},
    {TEXT("\xe2\x82\xac."), 3, 0x20ac},
    {TEXT("\xf4\x8f\xbf\xbf"), 4, 0x10ffff},
    {TEXT(""), 0, 0},
    {TEXT("\x80"), 0, 0},
    {TEXT("\xc1\xbf"), 0, 0},             /* overlong */
    {TEXT("\xe0\x9f\xbf"), 0, 0},
    {TEXT("\xf0\x8f\xbf\xbf"), 0, 0},
    {TEXT("\xed\xbf\xbf"), 0, 0},         /* a surrogate */
    {TEXT("\xf4\x90\x80\x80"), 0, 0},     /* beyond Unicode */
    {TEXT("\xf8\x88\x80\x80\x80"), 0, 0}, /* five octets */
    {TEXT("\xe2\x82"), 0, 0},             /* cut off */
    {TEXT("\xe2\x28\xa1"), 0, 0},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    uint32_t character = 0;
    if (utf8_first(cases[i].text, &character) != cases[i].octets || character != cases[i].character)
      fail_msg("case %zu", i);
  }
}

static void what_moves_a_terminal_is_not_safe(void **state) {
  static const uint32_t unsafe[] = {0, 9, 10, 27, 31, 127, 0x80, 0x9b, 0x9f, 0x61c, 0x200f, 0x2028, 0x202e, 0x2066};
  static const uint32_t safe[] = {' ', 'a', '~', 0xa0, 0xe9, 0x20ac, 0x1f989};
  (void)state;
  for (size_t i = 0; i < COUNT(unsafe); i++) assert_false(utf8_is_safe(unsafe[i]));
  for (size_t i = 0; i < COUNT(safe); i++) assert_true(utf8_is_safe(safe[i]));
}

/* ---- progress */

static void a_bar_is_drawn(void **state) {
  static const struct {
    size_t done, of;
    const char *line;
  } cases[] = {
    {0, 0, "reading [..............................] 0 of 0"},
    {50, 100, "reading [###############...............] 50 of 100"},
    {100, 100, "reading [##############################] 100 of 100"},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct progress p = {.what = "reading"};
    stralloc line = {0};
    assert_int_equal(progress_cat(&line, &p, cases[i].done, cases[i].of), 0);
    assert_text(text_of_stralloc(&line), text_of(cases[i].line));
    stralloc_free(&line);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(texts_are_escaped),
    cmocka_unit_test(members_of_every_kind),
    cmocka_unit_test(characters_are_told_from_rubbish),
    cmocka_unit_test(what_moves_a_terminal_is_not_safe),
    cmocka_unit_test(a_bar_is_drawn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
