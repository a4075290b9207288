#include "config.h"
#include "lib/mutf7.h"
#include "lib/unittest.h"

static void names_are_written_as_imap_wants_them(void **state) {
  static const struct {
    const char *name, *form; /* NULL: refused */
  } cases[] = {
    {"Lists", "Lists"},
    {"a b~", "a b~"},
    {"Q&A", "Q&-A"},
    {"&", "&-"},
    {"Entw\xC3\xBCrfe", "Entw&APw-rfe"},
    {"\xC3\xA4\xC3\xB6", "&AOQA9g-"},
    {"\xC3\xA4&\xC3\xB6", "&AOQ-&-&APY-"},
    {"~peter/mail/\xE5\x8F\xB0\xE5\x8C\x97/\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E",
     "~peter/mail/&U,BTFw-/&ZeVnLIqe-"}, /* RFC 3501 5.1.3 */
    {"\xE2\x98\xBA!", "&Jjo-!"},
    {"\xF0\x9F\xA6\x89", "&2D7diQ-"},
    {"", ""},
    {"a\x01", NULL},
    {"a\x7F", NULL},
    {"a\xC2\x85", NULL}, /* next line */
    {"\xC3\xA4\xFF", NULL},
    {"\xC0\xAF", NULL},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    assert_true(stralloc_copys(&out, "before:"));
    if (mutf7_encode(&out, text_of(cases[i].name)) != (cases[i].form ? 0 : -1)) fail_msg("case %zu", i);
    assert_true(stralloc_0(&out));
    assert_memory_equal(out.s, "before:", 7);
    assert_string_equal(out.s + 7, cases[i].form ? cases[i].form : "");
    stralloc_free(&out);
  }
}

static void a_nul_is_refused(void **state) {
  stralloc out = {0};
  (void)state;
  assert_int_equal(mutf7_encode(&out, TEXT("a\0b")), -1);
  stralloc_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_are_written_as_imap_wants_them),
    cmocka_unit_test(a_nul_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
