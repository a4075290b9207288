#include "config.h"
#include "lib/address.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "lib/envelope.h"

static const struct {
  const char *path, *address; /* NULL: refused */
  const char *rest;
} paths[] = {
  {"<a@b.example>", "a@b.example", ""},
  {"<a@b.example> SIZE=1", "a@b.example", " SIZE=1"},
  {"<>", "", ""},
  {"<postmaster>", "postmaster", ""},
  {"<@x.example,@y.example:a@b.example>", "a@b.example", ""},
  {"<\"a b\"@c>", "a b@c", ""},
  {"<\"a\\\"b\\\\\"@c>", "a\"b\\@c", ""},
  {"<\"a@b\"@c>", "a@b@c", ""},
  {"<a@[192.0.2.1]>", "a@[192.0.2.1]", ""},
  {"<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", ""},
  {"<\xc3\xa9@b>", "\xc3\xa9@b", ""},
  {"<\"a@b\">", NULL, NULL}, /* would be read as a at b */
  {"<\"\">", NULL, NULL},    /* would be the null reverse-path */
  {"a@b", NULL, NULL},
  {"<a@b", NULL, NULL},
  {"<a@>", NULL, NULL},
  {"<@b>", NULL, NULL},
  {"<a@b@c>", NULL, NULL},
  {"<a b@c>", NULL, NULL},
  {"<a..b@c>", NULL, NULL},
  {"<.a@c>", NULL, NULL},
  {"<a@b c>", NULL, NULL},
  {"<a@[192.0.2.1>", NULL, NULL},
  {"<\"a@c>", NULL, NULL},
  {"<\"a\n\"@c>", NULL, NULL},
  {"<<a@b>>", NULL, NULL},
  {"<@x:>", NULL, NULL},
  {"", NULL, NULL},
};

static void paths_are_parsed(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    struct text path = text_of(paths[i].path);
    stralloc out = {0};
    enum address_status s = address_parse_path(&path, &out);
    if ((s == ADDRESS_OK) != (paths[i].address != NULL)) fail_msg("%s: status %d", paths[i].path, s);
    if (s == ADDRESS_OK && (!text_equals(text_of_stralloc(&out), paths[i].address) ||
                            !text_equals(path, paths[i].rest)))
      fail_msg("%s: %.*s", paths[i].path, (int)out.len, out.s);
    stralloc_free(&out);
  }
}

static void a_path_that_is_too_long_is_told_apart(void **state) {
  static char path[ENVELOPE_ADDRESS_MAX + 3];
  stralloc out = {0};
  (void)state;
  memset(path, 'a', sizeof path);
  path[0] = '<';
  path[sizeof path - 1] = '>';
  struct text t = {path, sizeof path};
  assert_int_equal(address_parse_path(&t, &out), ADDRESS_TOO_LONG);
  path[sizeof path - 2] = '>';
  t = (struct text){path, sizeof path - 1};
  assert_int_equal(address_parse_path(&t, &out), ADDRESS_OK);
  stralloc_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(paths_are_parsed),
    cmocka_unit_test(a_path_that_is_too_long_is_told_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
