#include "config.h"
#include "mailbox/uidlformat.h"
#include <errno.h>
#include "lib/unittest.h"

static const struct {
  const char *format, *uidl; /* NULL: refused */
} cases[] = {
  {UIDLFORMAT_USUAL, "0000002a499602d2"},
  {"%v.%u", "1234567890.42"},
  {"UID%u-%v", "UID42-1234567890"},
  {"%08Xv%08Xu", "499602d20000002a"},
  {"%U08Xu", "0000002A"},
  {"%5u|", "   42|"},
  {"%010u", "0000000042"},
  {"%f", "1.M2P3.host,S=4"},
  {"%g", "1.M2P3.host,S=4"},
  {"%Uf", "1.M2P3.HOST,S=4"},
  {"100%%", "100%"},
  {"", ""},
  {"%", NULL},
  {"%08X", NULL},
  {"%99u", NULL},
  {"%m", NULL},
  {"%{uid}", NULL},
};

static void formats_are_followed(void **state) {
  static const struct uidlformat_facts facts = {42, 1234567890, {"1.M2P3.host,S=4", 15}};
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    errno = 0;
    int r = uidlformat_put(&out, text_of(cases[i].format), &facts);
    assert_int_equal(r, cases[i].uidl ? 0 : -1);
    if (cases[i].uidl) assert_true(text_equals(text_of_stralloc(&out), cases[i].uidl));
    else assert_int_equal(errno, EINVAL);
    stralloc_free(&out);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(formats_are_followed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
