#include "config.h"
#include "local/alias/table.h"
#include "lib/unittest.h"
#include <stdio.h>

struct complaints {
  size_t count, line; /* of the last */
  const char *why;
  char at[256];
};

static void note(void *context, size_t line, const char *why, struct text at) {
  struct complaints *c = context;
  c->count++;
  c->line = line;
  c->why = why;
  size_t len = at.len < sizeof c->at - 1 ? at.len : sizeof c->at - 1;
  if (len) memcpy(c->at, at.s, len);
  c->at[len] = 0;
}

static int parse(struct aliastable *t, struct text source, struct complaints *c) {
  *t = (struct aliastable){0};
  *c = (struct complaints){0};
  return aliastable_parse(t, source, note, c);
}

/* name>kind text ...; in the order of names */
static void describe(stralloc *out, const struct aliastable *t) {
  stralloc_zero(out);
  for (size_t i = 0; i < t->count; i++) {
    struct text rest = t->rows[i].values;
    struct aliasvalue v;
    assert_int_equal(text_cat(out, t->rows[i].name), 0);
    assert_true(stralloc_cats(out, ">"));
    while (aliasvalue_next(&rest, &v) == 1) {
      char kind[] = {(char)v.kind, 0};
      assert_true(stralloc_cats(out, kind));
      assert_int_equal(text_cat(out, v.text), 0);
      assert_true(stralloc_cats(out, " "));
    }
  }
}

static void files_are_read(void **state) {
  const struct {
    struct text source;
    const char *rows;
  } cases[] = {
    {TEXT(""), ""},
    {TEXT("# a comment\n\n   \n  # another\n"), ""},
    {TEXT("b: joe\na: ann, b"), "a>=ann =b b>=joe "},
    {TEXT("List:joe,\n  ann,\n\tsue\nx:y\n"), "list>=joe =ann =sue x>=y "},
    {TEXT("list: joe,\n# between\n\n  ann\n"), "list>=joe =ann "},
    {TEXT("list:\n  joe\n"), "list>=joe "},
    {TEXT("a: b\r\nc: d\r\n"), "a>=b c>=d "},
    {TEXT("\"a: b\" : joe # no comment"), NULL},
    {TEXT("\"A b\": \"|x: y\""), "a b>|x: y "},
    {TEXT("p: \"|cmd\n   more\""), "p>|cmd   more "},
    {TEXT("joe: joe, ann@x.y"), "joe>=joe &ann@x.y "},
    {TEXT("Joe: JOE"), "joe>=JOE "},
    {TEXT("a: \\b\nb: a\n"), "a>\\b b>=a "}, /* the backslash ends it */
    {TEXT("a: b, c\nb: d\nc: d\nd: e"), "a>=b =c b>=d c>=d d>=e "}, /* twice is no circle */
  };
  stralloc got = {0};
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct aliastable t;
    struct complaints c;
    int r = parse(&t, cases[i].source, &c);
    if (r != (cases[i].rows ? 0 : -1)) fail_msg("%s: %d %s", cases[i].source.s, r, c.why);
    describe(&got, &t);
    if (r == 0 && !text_equals(text_of_stralloc(&got), cases[i].rows))
      fail_msg("%s: %.*s", cases[i].source.s, (int)got.len, got.s);
    aliastable_free(&t);
  }
  stralloc_free(&got);
}

static void mistakes_are_told_with_their_line(void **state) {
  const struct {
    struct text source;
    size_t count, line;
    const char *why, *at;
  } cases[] = {
    {TEXT("a: b\n\njoe ann\n"), 1, 3, "no colon", "joe ann"},
    {TEXT("  joe\n"), 1, 1, "starts with a blank", "joe"},
    {TEXT("# x\n\tjoe: ann\n"), 1, 2, "starts with a blank", "joe"},
    {TEXT("a:\nb: c"), 1, 1, "without a value", "a"},
    {TEXT("a: ,\nb: c"), 1, 1, "without a value", "a"},
    {TEXT(": b"), 1, 1, "no name", ""},
    {TEXT("a@b.c: d"), 1, 1, "without domain", "a@b.c"},
    {TEXT("a: b\nc: d\nA: e\n"), 1, 3, "its line already", "a"},
    {TEXT("a: b c\nx y\n"), 2, 2, "no colon", "x y"},
    {TEXT("a: ok,\n  not an@ address\n"), 1, 1, "comma is missing", "not an@"},
    {TEXT("a\\"), 1, 1, "no colon", "a\\"},
    {TEXT("x: y\na: b\nb: a\n"), 1, 2, "loop", "a -> b -> a"},
    {TEXT("a: B\nb: x, C\nc: a, b\n"), 2, 0, "loop", ""},
    {TEXT("z: a\na: b\nb: \"c\"\nc: A"), 1, 2, "loop", "a -> b -> c -> a"},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct aliastable t;
    struct complaints c;
    if (parse(&t, cases[i].source, &c) != -1) fail_msg("%s: taken", cases[i].source.s);
    if (c.count != cases[i].count || (cases[i].line && c.line != cases[i].line) || !strstr(c.why, cases[i].why) ||
        !strstr(c.at, cases[i].at))
      fail_msg("%s: %zu, line %zu: %s: %s", cases[i].source.s, c.count, c.line, c.why, c.at);
    aliastable_free(&t);
  }
}

static void names_are_found(void **state) {
  struct aliastable t;
  struct complaints c;
  (void)state;
  assert_int_equal(parse(&t, TEXT("b: x\nA: y\nc: z\n"), &c), 0);
  assert_non_null(aliastable_find(&t, TEXT("a")));
  assert_int_equal(aliastable_find(&t, TEXT("C"))->line, 3);
  assert_null(aliastable_find(&t, TEXT("")));
  assert_null(aliastable_find(&t, TEXT("bb")));
  aliastable_free(&t);
}

/* A chain as long as the file uses no stack, and no time to speak of. */
static void long_chains_end(void **state) {
  enum { LINKS = 100000 };
  stralloc source = {0};
  struct aliastable t;
  struct complaints c;
  char line[64];
  (void)state;
  for (int i = 0; i < LINKS; i++) {
    snprintf(line, sizeof line, "n%d: n%d, n%d\n", i, i + 1, i + 2);
    assert_true(stralloc_cats(&source, line));
  }
  assert_int_equal(parse(&t, text_of_stralloc(&source), &c), 0);
  assert_int_equal(t.count, LINKS);
  aliastable_free(&t);
  assert_true(stralloc_cats(&source, "n100000: n0\n"));
  assert_int_equal(parse(&t, text_of_stralloc(&source), &c), -1);
  assert_string_equal(c.why, "a loop");
  aliastable_free(&t);
  stralloc_free(&source);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(files_are_read),
    cmocka_unit_test(mistakes_are_told_with_their_line),
    cmocka_unit_test(names_are_found),
    cmocka_unit_test(long_chains_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
