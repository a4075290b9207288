#include "config.h"
#include "lib/unitext.h"
#include "lib/unittest.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_character_becomes_ascii)};
  return cmocka_run_group_tests_name("unitext", tests, NULL, NULL);
}
