#include "config.h"
#include "local/alias/value.h"
#include "lib/unittest.h"

/* Kinds and texts, a line each. */
static void describe(stralloc *out, struct text values) {
  struct aliasvalue v;
  stralloc_zero(out);
  while (values.len) {
    assert_int_equal(aliasvalue_next(&values, &v), 1);
    char kind[] = {(char)v.kind, 0};
    assert_true(stralloc_cats(out, kind));
    assert_int_equal(text_cat(out, v.text), 0);
    assert_true(stralloc_cats(out, "\n"));
  }
}

static void lists_are_parsed(void **state) {
  const struct {
    struct text source;
    const char *values, *why; /* one of them */
  } cases[] = {
    {TEXT(""), "", NULL},
    {TEXT(" ,\t, "), "", NULL},
    {TEXT("joe"), "=joe\n", NULL},
    {TEXT(" joe , Ann "), "=joe\n=Ann\n", NULL},
    {TEXT("joe,,ann,"), "=joe\n=ann\n", NULL},
    {TEXT("\\joe, ann"), "\\joe\n=ann\n", NULL},
    {TEXT("\"\\\\joe\""), "\\joe\n", NULL},
    {TEXT("\\\"John Doe\""), "\\John Doe\n", NULL},
    {TEXT("joe@example.org"), "&joe@example.org\n", NULL},
    {TEXT("Joe Doe <joe@example.org>, (his) ann (wife)"), "&joe@example.org\n=ann\n", NULL},
    {TEXT("\"Doe, Joe\" <joe@example.org>"), "&joe@example.org\n", NULL},
    {TEXT("(a, b) joe"), "=joe\n", NULL},
    {TEXT("\"John Doe\""), "=John Doe\n", NULL},
    {TEXT("\"a,b\\\"c\""), "=a,b\"c\n", NULL},
    {TEXT("\"a b\"@example.org"), "&a b@example.org\n", NULL},
    {TEXT("\"a@b\"@example.org"), "&a@b@example.org\n", NULL},
    {TEXT("joe@[127.0.0.1], joe@[IPv6:::1]"), "&joe@[127.0.0.1]\n&joe@[IPv6:::1]\n", NULL},
    {TEXT("<@relay.test:joe@example.org>"), "&joe@example.org\n", NULL},
    {TEXT("|/bin/x"), "|/bin/x\n", NULL},
    {TEXT("|/bin/x -f y, joe"), "|/bin/x -f y\n=joe\n", NULL},
    {TEXT("| /bin/x <f, joe"), "|/bin/x <f\n=joe\n", NULL},
    {TEXT("|/bin/x (, joe"), "|/bin/x (\n=joe\n", NULL},
    {TEXT("\"|/bin/x a, b\""), "|/bin/x a, b\n", NULL},
    {TEXT("\"|/bin/x \\\"a b\\\" \\\\n\""), "|/bin/x \"a b\" \\n\n", NULL},
    {TEXT("|\"/bin/x a, b\""), "|/bin/x a, b\n", NULL},
    {TEXT("|/bin/x \"a, b\" c"), "|/bin/x \"a, b\" c\n", NULL},
    {TEXT("\"|exec x\ty\""), "|exec x\ty\n", NULL},
    {TEXT("/var/mail/x"), "//var/mail/x\n", NULL},
    {TEXT("/var/mail/x/, /dev/null"), "//var/mail/x/\n//dev/null\n", NULL},
    {TEXT("\"/var/a, b/\""), "//var/a, b/\n", NULL},
    {TEXT(":include:/etc/list"), ":/etc/list\n", NULL},
    {TEXT(":Include: /etc/list"), ":/etc/list\n", NULL},
    {TEXT("\":include:/etc/a list\""), ":/etc/a list\n", NULL},
    {TEXT(":include:\"/etc/a list\""), ":/etc/a list\n", NULL},
    {TEXT("j\xc3\xb6@x.y"), "&j\xc3\xb6@x.y\n", NULL},
    {TEXT("joe ann"), NULL, "comma is missing"},
    {TEXT("ann, joe b@c.d"), NULL, "comma is missing"},
    {TEXT("<>"), NULL, "empty address"},
    {TEXT("\"\""), NULL, "empty name"},
    {TEXT("\\"), NULL, "empty name"},
    {TEXT("\"joe@example.org\""), NULL, "@ in a name"},
    {TEXT("\\joe@example.org"), NULL, "@ in a name"},
    {TEXT("ann: joe"), NULL, "colon"},
    {TEXT("friends: joe;"), NULL, "colon"},
    {TEXT("joe; ann"), NULL, "colon"},
    {TEXT("|"), NULL, "without a command"},
    {TEXT("\"|  \""), NULL, "without a command"},
    {TEXT("\"|a\001\""), NULL, "control octet"},
    {TEXT("\"/a\001\""), NULL, "control octet"},
    {TEXT("\"/a \""), NULL, "blank at the end"},
    {TEXT("\"a\001\""), NULL, "control octet"},
    {TEXT("a\001@b.c"), NULL, "not an address"},
    {TEXT("\"a\001b\"@b.c"), NULL, "control octet"},
    {TEXT("a\0b"), NULL, "NUL"},
    {TEXT("\"|a\0b\""), NULL, "NUL"},
    {TEXT(":include:"), NULL, "absolute path"},
    {TEXT(":include:list"), NULL, "absolute path"},
    {TEXT("\"/a b\"c"), NULL, "looks like"},
    {TEXT("(x) |y"), NULL, "looks like"},
    {TEXT("joe@"), NULL, "not an address"},
    {TEXT("\"joe"), NULL, "not an address"},
    {TEXT("joe (x"), NULL, "not an address"},
    {TEXT("joe <a@b.c"), NULL, "not an address"},
    {TEXT("a\\b"), NULL, "not an address"},
  };
  stralloc out = {0}, got = {0};
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct aliasfault f = {"", TEXT_ABSENT};
    stralloc_zero(&out);
    int r = aliasvalue_parse(&out, cases[i].source, &f);
    if (r != (cases[i].values ? 0 : -1)) fail_msg("%s: %d %s", cases[i].source.s, r, f.why);
    describe(&got, text_of_stralloc(&out));
    if (r == 0 && !text_equals(text_of_stralloc(&got), cases[i].values))
      fail_msg("%s: %.*s", cases[i].source.s, (int)got.len, got.s);
    if (r == -1) {
      assert_int_equal(out.len, 0);
      if (!strstr(f.why, cases[i].why)) fail_msg("%s: %s", cases[i].source.s, f.why);
      assert_true(f.at.s >= cases[i].source.s && f.at.s + f.at.len <= cases[i].source.s + cases[i].source.len);
    }
  }
  stralloc_free(&out);
  stralloc_free(&got);
}

static void names_are_parsed(void **state) {
  static const struct {
    const char *source, *name;
  } cases[] = {
    {"joe", "joe"}, {" Joe\t", "Joe"}, {"\"John Doe\"", "John Doe"}, {"\"a:b\"", "a:b"}, {"owner-x", "owner-x"},
    {"", NULL},     {" ", NULL},       {"\"\"", NULL},               {"a@b.c", NULL},    {"\\joe", NULL},
    {"|x", NULL},   {"/x", NULL},      {"a, b", NULL},               {"a b", NULL},      {"\"a", NULL},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    struct aliasfault f = {NULL, TEXT_ABSENT};
    int r = aliasvalue_parse_name(&out, text_of(cases[i].source), &f);
    if (r != (cases[i].name ? 0 : -1)) fail_msg("%s: %d", cases[i].source, r);
    if (r == 0) assert_text(text_of_stralloc(&out), text_of(cases[i].name));
    if (r == -1) assert_non_null(f.why);
    stralloc_free(&out);
  }
}

static void the_colon_is_found(void **state) {
  (void)state;
  assert_int_equal(aliasvalue_name_len(TEXT("joe: :include:/x")), 3);
  assert_int_equal(aliasvalue_name_len(TEXT("\"a:b\" : c")), 6);
  assert_int_equal(aliasvalue_name_len(TEXT("no colon")), 8);
  assert_int_equal(aliasvalue_name_len(TEXT("\"a:b")), 2);
}

static void long_values_are_refused(void **state) {
  static char path[4003], name[1004];
  stralloc out = {0};
  struct aliasfault f;
  (void)state;
  memset(path, '/', sizeof path);
  memset(name, 'a', sizeof name);
  assert_int_equal(aliasvalue_parse(&out, (struct text){path, 4000}, &f), 0);
  assert_int_equal(aliasvalue_parse(&out, (struct text){path, 4001}, &f), -1);
  assert_int_equal(aliasvalue_parse(&out, (struct text){name, 1003}, &f), 0);
  assert_int_equal(aliasvalue_parse(&out, (struct text){name, 1004}, &f), -1);
  stralloc_free(&out);
}

static void what_is_no_list_is_told(void **state) {
  struct aliasvalue v;
  struct text rest = TEXT("=joe\0=ann");
  (void)state;
  assert_int_equal(aliasvalue_next(&rest, &v), 1);
  assert_text(v.text, TEXT("joe"));
  assert_int_equal(aliasvalue_next(&rest, &v), -1); /* no NUL */
  rest = TEXT("xjoe\0");
  assert_int_equal(aliasvalue_next(&rest, &v), -1);
  rest = TEXT("\0");
  assert_int_equal(aliasvalue_next(&rest, &v), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(lists_are_parsed),       cmocka_unit_test(names_are_parsed),
    cmocka_unit_test(the_colon_is_found),     cmocka_unit_test(long_values_are_refused),
    cmocka_unit_test(what_is_no_list_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
