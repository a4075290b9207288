#include "config.h"
#include "lib/list.h"
#include "lib/unittest.h"

static void finds_keys(void **state) {
  (void)state;
  const struct text file = TEXT("# comment\n"
                                "Example.ORG\n"
                                "\n"
                                "  leading\n"
                                "trailing \t\r\n"
                                "a:b\n"
                                "#hidden\n"
                                "nul\0one\n"
                                "last");
  const struct {
    const char *key;
    bool found;
  } cases[] = {
    {"example.org", true}, {"EXAMPLE.org", true}, {"example.or", false}, {"example.org.", false},
    {"  leading", true},   {"leading", false},    {"trailing", true},    {"a:b", true},
    {"a", false},          {"hidden", false},     {"#hidden", false},    {"# comment", false},
    {"nul", false},        {"last", true},        {"", false},
  };
  struct list l;
  assert_int_equal(list_parse(&l, file), 0);
  for (size_t i = 0; i < COUNT(cases); i++)
    if (!list_find(&l, text_of(cases[i].key)) == cases[i].found) fail_msg("%s", cases[i].key);
  assert_non_null(list_find(&l, TEXT("nul\0one")));
  assert_null(list_find(&l, TEXT("nul\0two")));
  assert_int_equal(l.count, 6);
  assert_text(list_find(&l, text_of("last"))->value, TEXT_ABSENT);
  list_free(&l);
}

static void maps_keys_to_values(void **state) {
  (void)state;
  const struct text file = TEXT("one:1\n"
                                "two:first\n"
                                "TWO:second\n"
                                "no colon\n"
                                "empty:\n"
                                "colons:a:b\n"
                                ":for all \n"
                                "[2001:db8::1]:literal\n"
                                "[unclosed:x\n");
  const struct {
    const char *key;
    struct text value;
  } cases[] = {
    {"one", TEXT("1")},
    {"two", TEXT("second")},
    {"empty", TEXT("")},
    {"colons", TEXT("a:b")},
    {"", TEXT("for all")},
    {"[2001:db8::1]", TEXT("literal")},
    {"[unclosed", TEXT("x")},
  };
  struct list l;
  assert_int_equal(list_parse_map(&l, file), 0);
  assert_int_equal(l.count, COUNT(cases));
  for (size_t i = 0; i < COUNT(cases); i++) {
    const struct list_line *line = list_find(&l, text_of(cases[i].key));
    assert_non_null(line);
    assert_text(line->value, cases[i].value);
  }
  assert_null(list_find(&l, text_of("no colon")));
  list_free(&l);
}

static void finds_domains_from_the_longest_suffix(void **state) {
  (void)state;
  const struct {
    const char *file, *domain;
    struct text value;
  } cases[] = {
    {"a.b.c:x\n.b.c:y\n.c:z\n:w", "a.b.c", TEXT("x")},
    {"a.b.c:x\n.b.c:y\n.c:z\n:w", "A.B.C", TEXT("x")},
    {"a.b.c:x\n.b.c:y\n.c:z\n:w", "d.b.c", TEXT("y")},
    {"a.b.c:x\n.b.c:y\n.c:z\n:w", "b.c", TEXT("z")},
    {"a.b.c:x\n.b.c:y\n.c:z\n:w", "c", TEXT("w")},
    {"a.b.c:x\n.b.c:y\n.c:z\n:w", "", TEXT("w")},
    {".b.c:y", "a.b.c", TEXT("y")},
    {".b.c:y", "b.c", TEXT_ABSENT},
    {".b.c:y", "xb.c", TEXT_ABSENT},
    {"b.c:y", "a.b.c", TEXT_ABSENT},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct list l;
    assert_int_equal(list_parse_map(&l, text_of(cases[i].file)), 0);
    const struct list_line *line = list_find_domain(&l, text_of(cases[i].domain));
    assert_text(line ? line->value : TEXT_ABSENT, cases[i].value);
    list_free(&l);
  }
}

static void an_empty_file_has_no_lines(void **state) {
  (void)state;
  const struct text files[] = {TEXT_ABSENT, TEXT(""), TEXT("\n"), TEXT(" \n\t\n"), TEXT("#")};
  for (size_t i = 0; i < COUNT(files); i++) {
    struct list l;
    assert_int_equal(list_parse(&l, files[i]), 0);
    assert_int_equal(l.count, 0);
    assert_null(list_find(&l, TEXT("")));
    assert_null(list_find_domain(&l, TEXT("a.b")));
    list_free(&l);
  }
}

static void finds_each_of_many(void **state) {
  (void)state;
  stralloc file = {0};
  struct list l;
  for (uint64_t i = 0; i < 1000; i++) {
    assert_int_equal(text_cat_uint(&file, i * 7919 % 1000), 0);
    assert_true(stralloc_cats(&file, ":v\n"));
  }
  assert_int_equal(list_parse_map(&l, text_of_stralloc(&file)), 0);
  assert_int_equal(l.count, 1000);
  for (uint64_t i = 0; i < 1000; i++) {
    stralloc key = {0};
    assert_int_equal(text_cat_uint(&key, i), 0);
    assert_non_null(list_find(&l, text_of_stralloc(&key)));
    stralloc_free(&key);
  }
  list_free(&l);
  stralloc_free(&file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(finds_keys),
    cmocka_unit_test(maps_keys_to_values),
    cmocka_unit_test(finds_domains_from_the_longest_suffix),
    cmocka_unit_test(an_empty_file_has_no_lines),
    cmocka_unit_test(finds_each_of_many),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
