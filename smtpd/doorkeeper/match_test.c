#include "config.h"
#include "smtpd/doorkeeper/match.h"
#include <string.h>
#include "lib/unittest.h"
#include "smtpd/doorkeeper/senders.h"

static const struct {
  const char *pattern, *text;
  bool matches;
} patterns[] = {
  {"a", "a", true},
  {"a", "A", true},
  {"a", "", false},
  {"", "a", false},
  {"", "", true},
  {"*", "", true},
  {"*", "anything", true},
  {"a*", "a", true},
  {"a*", "ab", true},
  {"a*", "ba", false},
  {"*a", "ba", true},
  {"*a", "ab", false},
  {"*ab", "aab", true},
  {"*a*b", "xaxxab", true},
  {"a**b", "ab", true},
  {"a*b*c", "axbxbxc", true},
  {"a*b*c", "axcxb", false},
  {"*@*.dyn.*", "x@h1.dyn.example", true},
};

static void stars_stand_for_any_octets(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
    if (match_pattern(text_of(patterns[i].pattern), text_of(patterns[i].text)) != patterns[i].matches)
      fail_msg("%s, %s", patterns[i].pattern, patterns[i].text);
}

/* A hostile text is compared in time that its length and the pattern's bound. */
static void many_stars_take_no_time(void **state) {
  char pattern[] = "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text[1000];
  (void)state;
  memset(text, 'a', sizeof text);
  assert_false(match_pattern(text_of(pattern), (struct text){text, sizeof text}));
}

static const struct {
  const char *address, *line; /* NULL: none */
} addresses[] = {
  {"spam@x.example", "Spam@x.example"},
  {"SPAM@X.example", "Spam@x.example"},
  {"other@x.example", NULL},
  {"anyone@bad.example", "@bad.example"},
  {"a@b@bad.example", "@bad.example"},
  {"a@sub.bad.example", NULL},
  {"a@y.below.example", ".below.example"},
  {"a@x.y.below.example", ".below.example"},
  {"a@below.example", NULL},
  {"offer-17@z.example", "offer-*@*"},
  {"bad.example", NULL},
  {"x", NULL},
  {"", NULL},
  {"@", NULL},
};

static void addresses_match_lines(void **state) {
  struct list l;
  (void)state;
  assert_int_equal(list_parse(&l, text_of("Spam@x.example\n@bad.example\n.below.example\noffer-*@*\n")), 0);
  for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
    const struct list_line *line = match_address(&l, text_of(addresses[i].address));
    const char *expected = addresses[i].line;
    if (!line != !expected || (line && !text_equals(line->key, expected))) fail_msg("%s", addresses[i].address);
  }
  list_free(&l);
}

static void names_match_lines(void **state) {
  struct list l;
  (void)state;
  assert_int_equal(list_parse(&l, text_of("localhost\n.dyn.example\n[192.0.2.*]\n")), 0);
  assert_non_null(match_name(&l, text_of("LocalHost")));
  assert_non_null(match_name(&l, text_of("h1.dyn.example")));
  assert_non_null(match_name(&l, text_of("[192.0.2.7]")));
  assert_null(match_name(&l, text_of("dyn.example")));
  assert_null(match_name(&l, text_of("xlocalhost")));
  assert_null(match_name(&l, text_of("")));
  list_free(&l);
}

static bool refuses(const struct settings *s, const char *helo, const char *sender) {
  const char *why;
  int r = senders_refuse(s, text_of(helo), text_of(sender), NULL, &why);
  assert_int_not_equal(r, -1);
  return r;
}

static void senders_are_refused_in_both_forms_of_their_domain(void **state) {
  (void)state;
  struct settings s = {0};
  static const char *const lines[] = {"@xn--bcher-kva.example\n", "a@b\303\274cher.example\n"};
  for (size_t i = 0; i < COUNT(lines); i++) {
    assert_int_equal(list_parse(&s.badmailfrom, text_of(lines[i])), 0);
    assert_true(refuses(&s, "x", "a@xn--bcher-kva.example"));
    assert_true(refuses(&s, "x", "a@B\303\234cher.example"));
    assert_false(refuses(&s, "x", "a@example"));
    list_free(&s.badmailfrom);
  }
}

static void senders_and_names_are_refused(void **state) {
  struct settings s = {0};
  (void)state;
  assert_int_equal(list_parse(&s.badhelo, text_of("owlpost.test\n")), 0);
  assert_int_equal(list_parse(&s.badmailfrom, text_of("*\n")), 0);
  assert_true(refuses(&s, "h.example", "a@b.example"));
  assert_false(refuses(&s, "h.example", "")); /* whatever the lines say */
  assert_true(refuses(&s, "owlpost.test", ""));
  list_free(&s.badhelo);
  list_free(&s.badmailfrom);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(stars_stand_for_any_octets),
    cmocka_unit_test(many_stars_take_no_time),
    cmocka_unit_test(addresses_match_lines),
    cmocka_unit_test(names_match_lines),
    cmocka_unit_test(senders_are_refused_in_both_forms_of_their_domain),
    cmocka_unit_test(senders_and_names_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
