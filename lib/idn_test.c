#include "config.h"
#include "lib/idn.h"
#include "lib/unittest.h"

#define U "b\303\274cher.example" /* bücher */
#define A "xn--bcher-kva.example"

static const struct {
  const char *unicode, *ascii;
} pairs[] = {
  {U, A},
  {"plain.example", "plain.example"},
  {"", ""},
  {"stra\303\237e.example", "xn--strae-oqa.example"}, /* not strasse: RFC 5891 */
  {"_dmarc." U, "_dmarc." A},
};

static void both_ways(void **state) {
  stralloc out = {0};
  (void)state;
  for (size_t i = 0; i < COUNT(pairs); i++) {
    assert_int_equal(idn_to_ascii(&out, text_of(pairs[i].unicode)), 0);
    assert_true(text_equals(text_of_stralloc(&out), pairs[i].ascii));
    assert_int_equal(idn_to_unicode(&out, text_of(pairs[i].ascii)), 0);
    assert_true(text_equals(text_of_stralloc(&out), pairs[i].unicode));
  }
  stralloc_free(&out);
}

static void letters_are_mapped(void **state) {
  stralloc out = {0};
  (void)state;
  assert_int_equal(idn_to_ascii(&out, text_of("B\303\234CHER.Example")), 0);
  assert_true(text_equals(text_of_stralloc(&out), A));
  assert_int_equal(idn_to_ascii(&out, text_of("bu\314\210cher.example")), 0); /* u, then the dots */
  assert_true(text_equals(text_of_stralloc(&out), A));
  assert_int_equal(idn_to_ascii(&out, text_of("b\303\274cher\343\200\202example")), 0); /* another full stop */
  assert_true(text_equals(text_of_stralloc(&out), A));
  stralloc_free(&out);
}

static void what_has_no_other_form(void **state) {
  static const char *const not_to_ascii[] = {"\377.example", "\303", "\342\200\256.example", "\303\274\0"};
  char longest[1100];
  stralloc out = {0};
  (void)state;
  for (size_t i = 0; i < 3; i++)
    if (idn_to_ascii(&out, text_of(not_to_ascii[i])) == 0) fail_msg("%s", not_to_ascii[i]);
  assert_int_equal(idn_to_ascii(&out, (struct text){"\303\274\0x", 4}), -1);
  assert_int_equal(idn_to_unicode(&out, text_of("xn--\001.example")), -1);
  for (size_t i = 0; i + 1 < sizeof longest; i += 2) longest[i] = '\303', longest[i + 1] = '\274';
  assert_int_equal(idn_to_ascii(&out, (struct text){longest, sizeof longest}), -1);
  stralloc_free(&out);
}

#define LINES U ":u\n.sub." A ":suffix\nplain.example:p\n"

static const struct {
  const char *domain, *value; /* NULL: none */
} finds[] = {
  {U, "u"}, {A, "u"}, {"XN--BCHER-KVA.example", "u"}, {"x.sub." U, "suffix"}, {"x.sub." A, "suffix"},
  {"plain.example", "p"}, {"other.example", NULL}, {"b\303\266cher.example", NULL}, {"\377.example", NULL},
};

static void lists_have_either_form(void **state) {
  struct list l, l_for_all;
  (void)state;
  assert_int_equal(list_parse_map(&l, text_of(LINES)), 0);
  assert_int_equal(list_parse_map(&l_for_all, text_of(LINES ":all\n")), 0);
  for (size_t i = 0; i < COUNT(finds); i++) {
    const struct list_line *line = idn_find_domain(&l, text_of(finds[i].domain));
    if (!finds[i].value != !line) fail_msg("%s", finds[i].domain);
    if (line) assert_true(text_equals(line->value, finds[i].value));
    line = idn_find_domain(&l_for_all, text_of(finds[i].domain));
    assert_non_null(line);
    assert_true(text_equals(line->value, finds[i].value ? finds[i].value : "all"));
  }
  assert_non_null(idn_find(&l, text_of(A)));
  assert_null(idn_find(&l, text_of("x.sub." A)));
  list_free(&l);
  list_free(&l_for_all);
}

/* Whatever form the line and the domain have. */
static void the_longest_counts_in_any_form(void **state) {
  static const struct {
    const char *domain, *value;
  } cases[] = {{U, "u"}, {A, "u"}, {"x." U, "below"}, {"x." A, "below"}, {"xn--4ca.example", "all"}};
  struct list l;
  (void)state;
  assert_int_equal(list_parse_map(&l, text_of(".example:all\n." U ":below\n" U ":u\n")), 0);
  for (size_t i = 0; i < COUNT(cases); i++) {
    const struct list_line *line = idn_find_domain(&l, text_of(cases[i].domain));
    if (!line || !text_equals(line->value, cases[i].value)) fail_msg("%s", cases[i].domain);
  }
  list_free(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(both_ways), cmocka_unit_test(letters_are_mapped),
                                     cmocka_unit_test(what_has_no_other_form),
                                     cmocka_unit_test(lists_have_either_form),
                                     cmocka_unit_test(the_longest_counts_in_any_form)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
