#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "remote/verdict.h"

static const struct {
  const char *reply;
  enum result_class class;
  const char *status, *text;
} cases[] = {
  {"250 2.0.0 ok\r\n", RESULT_SUCCESS, "2.0.0", "2.0.0 ok"},
  {"250 ok\r\n", RESULT_SUCCESS, "2.0.0", "ok"},
  {"450 wait\r\n", RESULT_DEFERRAL, "4.2.0", "wait"},
  {"451 4.7.1 greylisted\r\n", RESULT_DEFERRAL, "4.7.1", "4.7.1 greylisted"},
  {"550 no\r\n", RESULT_FAILURE, "5.0.0", "no"},
  {"550-5.1.1 no\r\n550 5.1.1 such user\r\n", RESULT_FAILURE, "5.1.1", "5.1.1 no 5.1.1 such user"},
  {"550 4.1.1 class of another code\r\n", RESULT_FAILURE, "5.0.0", "4.1.1 class of another code"},
  {"552 full\r\n", RESULT_FAILURE, "5.2.2", "full"},
  {"556 null MX\r\n", RESULT_FAILURE, "5.1.10", "null MX"},
  {"354 what?\r\n", RESULT_DEFERRAL, "4.5.0", "what?"},
};

static void of_reply(void **state) {
  struct reply r = {0};
  struct verdict v = {.class = RESULT_NONE};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct text in = text_of(cases[i].reply);
    print_message("%s", cases[i].reply);
    reply_begin(&r);
    assert_int_equal(reply_feed(&r, &in), REPLY_DONE);
    verdict_of_reply(&v, &r);
    assert_int_equal(v.class, cases[i].class);
    assert_string_equal(v.status, cases[i].status);
    assert_true(text_equals(text_of_stralloc(&v.text), cases[i].text));
    struct result result = verdict_result(&v);
    assert_true(result_is_valid(&result));
  }
  reply_free(&r);
  verdict_free(&v);
}

static void defer(void **state) {
  struct verdict v = {.class = RESULT_NONE};
  (void)state;
  verdict_set(&v, RESULT_FAILURE, "5.7.1", "go away");
  verdict_defer(&v, "4.3.2");
  assert_int_equal(v.class, RESULT_DEFERRAL);
  assert_string_equal(v.status, "4.3.2");
  verdict_set(&v, RESULT_DEFERRAL, "4.7.0", "later");
  verdict_defer(&v, "4.3.2");
  assert_string_equal(v.status, "4.7.0");
  verdict_free(&v);
}

static void cuts_at_a_character(void **state) {
  struct verdict v = {.class = RESULT_NONE};
  (void)state;
  verdict_set(&v, RESULT_FAILURE, "5.0.0", "x");
  for (int i = 0; i < RESULT_TEXT_MAX; i++) verdict_add(&v, "\303\274");
  struct result r = verdict_result(&v);
  assert_int_equal(r.text.len, RESULT_TEXT_MAX - 1);
  assert_int_equal(r.text.s[r.text.len - 1], '\274');
  verdict_free(&v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(of_reply),
    cmocka_unit_test(defer),
    cmocka_unit_test(cuts_at_a_character),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
