#include "config.h"
#include "lib/unitext.h"
#include "lib/unittest.h"
#include "lib/utf8.h"

static void every_character_becomes_ascii(void **state) {
  static const struct {
    const char *address, *form; /* NULL: refused */
  } cases[] = {
    {"joe@a.test", "joe@a.test"},
    {"f\xC3\xB6\xC3\xB6@a.test", "f\\x{F6}\\x{F6}@a.test"},
    {"\xE2\x82\xAC", "\\x{20AC}"},
    {"\xF0\x9F\xA6\x89@\xC3\xA9.test", "\\x{1F989}@\\x{E9}.test"},
    {"\xF4\x8F\xBF\xBF", "\\x{10FFFF}"},
    {"a+b=c\\d e", "a\\x{2B}b\\x{3D}c\\x{5C}d\\x{20}e"},
    {"\x7F\x01", "\\x{7F}\\x{01}"},
    {"", ""},
    {"\xFF", NULL},              /* never in UTF-8 */
    {"a\x80", NULL},             /* continues nothing */
    {"\xC3", NULL},              /* cut off */
    {"\xC3o", NULL},
    {"\xE2\x82", NULL},
    {"\xC0\xAF", NULL},          /* longer than needed */
    {"\xE0\x80\xAF", NULL},
    {"\xF0\x80\x80\xAF", NULL},
    {"\xED\xA0\x80", NULL},      /* surrogate */
    {"\xF4\x90\x80\x80", NULL}, /* past the last one */
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    assert_true(stralloc_copys(&out, "before:"));
    int expected = cases[i].form ? 0 : -1;
    if (unitext_encode(&out, text_of(cases[i].address)) != expected) fail_msg("case %zu", i);
    assert_true(stralloc_0(&out));
    assert_memory_equal(out.s, "before:", 7);
    assert_string_equal(out.s + 7, cases[i].form ? cases[i].form : "");
    stralloc_free(&out);
  }
}

static void what_is_encoded_is_decoded_again(void **state) {
  static const uint32_t characters[] = {1, 0x20, '+', '=', '\\', '}', 0x7F, 0x80, 0x7FF, 0x800,
                                        0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF};
  stralloc address = {0}, form = {0}, again = {0};
  (void)state;
  for (size_t i = 0; i < COUNT(characters); i++) assert_int_equal(utf8_cat(&address, characters[i]), 0);
  assert_true(utf8_is_valid(text_of_stralloc(&address)));
  assert_int_equal(unitext_encode(&form, text_of_stralloc(&address)), 0);
  assert_true(text_is_ascii(text_of_stralloc(&form)));
  assert_int_equal(unitext_decode(&again, text_of_stralloc(&form)), 0);
  assert_text(text_of_stralloc(&again), text_of_stralloc(&address));
  stralloc_free(&address);
  stralloc_free(&form);
  stralloc_free(&again);
}

static void codes_that_are_none_are_refused(void **state) {
  static const char *const cases[] = {"\\",       "\\x",     "\\x{",     "\\x{41",      "\\x{}",     "\\x{4}",
                                      "\\x{e9}", "\\y{41}", "\\x{4G}", "\\x{110000}", "\\x{0000041}"};
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    if (unitext_decode(&out, text_of(cases[i])) != -1) fail_msg("%s", cases[i]);
    stralloc_free(&out);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_character_becomes_ascii),
    cmocka_unit_test(what_is_encoded_is_decoded_again),
    cmocka_unit_test(codes_that_are_none_are_refused),
  };
  return cmocka_run_group_tests_name("unitext", tests, NULL, NULL);
}
