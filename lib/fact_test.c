#include "config.h"
#include "lib/fact.h"
#include <unistd.h>
#include "lib/unittest.h"

static void facts_come_back(void **state) {
  (void)state;
  struct facts f = {.fd = -1};
  struct text kind, sentence, details, name, value;
  fact_begin(&f, "file");
  fact_s(&f, "it is ");
  fact_t(&f, TEXT("a\tb\nc\0d"));
  fact_u(&f, UINT64_MAX);
  fact_detail(&f, "name", TEXT("x=\ty"));
  fact_detail(&f, "empty", TEXT(""));
  fact_detail_u(&f, "number", 7);
  fact_end(&f);
  fact_say(&f, "second", "words", TEXT_ABSENT);
  struct text rest = text_of_stralloc(&f.lines);
  assert_true(fact_next(&rest, &kind, &sentence, &details));
  assert_text(kind, TEXT("file"));
  assert_text(sentence, TEXT("it is a?b?c?d18446744073709551615"));
  assert_text(fact_find_detail(details, "number"), TEXT("7"));
  assert_text(fact_find_detail(details, "other"), TEXT_ABSENT);
  assert_true(fact_next_detail(&details, &name, &value));
  assert_text(name, TEXT("name"));
  assert_text(value, TEXT("x=?y"));
  assert_true(fact_next_detail(&details, &name, &value));
  assert_text(name, TEXT("empty"));
  assert_int_equal(value.len, 0);
  assert_true(fact_next_detail(&details, &name, &value));
  assert_false(fact_next_detail(&details, &name, &value));
  assert_true(fact_next(&rest, &kind, &sentence, &details));
  assert_text(kind, TEXT("second"));
  assert_text(sentence, TEXT("words"));
  assert_int_equal(details.len, 0);
  assert_false(fact_next(&rest, &kind, &sentence, &details));
  stralloc_free(&f.lines);
}

static void other_lines_are_no_facts(void **state) {
  (void)state;
  struct text rest = TEXT("owl-remote: usage\n\nkind\t\n\tx\nno end"), kind, sentence, details;
  static const struct {
    const char *kind, *sentence;
  } expected[] = {{NULL, "owl-remote: usage"}, {NULL, ""}, {"kind", ""}, {"", "x"}, {NULL, "no end"}};
  for (size_t i = 0; i < COUNT(expected); i++) {
    assert_true(fact_next(&rest, &kind, &sentence, &details));
    assert_text(kind, text_of(expected[i].kind));
    assert_true(text_equals(sentence, expected[i].sentence));
    assert_int_equal(details.len, 0);
  }
  assert_false(fact_next(&rest, &kind, &sentence, &details));
}

static void outcomes_have_their_codes(void **state) {
  (void)state;
  struct facts f = {.fd = -1};
  struct result r = {.class = RESULT_FAILURE, .reply_code = 550, .status = TEXT("5.1.1"), .text = TEXT("no")};
  fact_outcome(&f, &r);
  r = (struct result){.text = TEXT("who knows")};
  fact_outcome(&f, &r);
  assert_text(text_of_stralloc(&f.lines),
              TEXT("result\tfailure 550 5.1.1: no\toutcome=failure\tstatus=5.1.1\tcode=550\n"
                   "result\tunknown: who knows\toutcome=unknown\tstatus=\n"));
  stralloc_free(&f.lines);
}

static void a_line_leaves_when_it_is_whole(void **state) {
  (void)state;
  int p[2];
  char octets[64];
  assert_int_equal(pipe(p), 0);
  struct facts f = {.fd = p[1]};
  fact_say(&f, "a", "b", TEXT("c"));
  assert_int_equal(f.lines.len, 0);
  assert_int_equal(read(p[0], octets, sizeof octets), 5);
  assert_memory_equal(octets, "a\tbc\n", 5);
  stralloc_free(&f.lines);
  close(p[0]);
  close(p[1]);
}

static void who_asks_for_none_gets_none(void **state) {
  (void)state;
  struct result r = {0};
  fact_begin(NULL, "a");
  fact_s(NULL, "b");
  fact_t(NULL, TEXT("c"));
  fact_u(NULL, 1);
  fact_detail(NULL, "d", TEXT("e"));
  fact_detail_u(NULL, "f", 2);
  fact_end(NULL);
  fact_outcome(NULL, &r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(facts_come_back),
    cmocka_unit_test(other_lines_are_no_facts),
    cmocka_unit_test(outcomes_have_their_codes),
    cmocka_unit_test(a_line_leaves_when_it_is_whole),
    cmocka_unit_test(who_asks_for_none_gets_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
