#include "config.h"
#include "local/testing.h"
#include "local/store/fromquote.h"
#include <string.h>
#include "lib/unittest.h"

static const struct {
  const char *name, *message, *stored;
} cases[] = {
  {"nothing", "", "\n"},
  {"a line", "a\n", "a\n\n"},
  {"no line end", "a", "a\n\n"},
  {"two lines", "a\n\nb\n", "a\n\nb\n\n"},
  {"from", "From a\n", ">From a\n\n"},
  {"quoted already", ">From a\n>>From b\n", ">>From a\n>>>From b\n\n"},
  {"within a line", "a From b\n From c\n", "a From b\n From c\n\n"},
  {"no blank behind", "From\nFromm\n", "From\nFromm\n\n"},
  {"other case", "from a\nFROM b\n", "from a\nFROM b\n\n"},
  {"nearly", "FFrom a\n>Fro\nFrFrom b\n> From c\n", "FFrom a\n>Fro\nFrFrom b\n> From c\n\n"},
  {"ends within the word", "Fro", "Fro\n\n"},
  {"ends behind the word", "\nFrom ", "\n>From \n\n"},
  {"marks alone", ">>", ">>\n\n"},
};

static void lines_are_quoted_in_any_pieces(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++)
    for (size_t at = 0, len = strlen(cases[i].message); at <= len; at++) {
      struct fromquote q = {0};
      stralloc out = {0};
      print_message("%s at %zu\n", cases[i].name, at);
      assert_int_equal(fromquote_add(&q, &out, (struct text){cases[i].message, at}), 0);
      assert_int_equal(fromquote_add(&q, &out, (struct text){cases[i].message + at, len - at}), 0);
      assert_int_equal(fromquote_end(&q, &out), 0);
      assert_true(text_equals(text_of_stralloc(&out), cases[i].stored));
      stralloc_free(&out);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(lines_are_quoted_in_any_pieces)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
