/* Reports of qmail-remote style programs, read and written. */
#include "config.h"
#include "remote/report.h"
#include <string.h>
#include "lib/unittest.h"

enum { RECIPIENTS = 3 };

struct expected {
  enum result_class class;
  const char *status;
  unsigned code;
  const char *text;
};

/* As TEXT(), where a constant is needed. */
#define OCTETS(LITERAL) {LITERAL, sizeof(LITERAL) - 1}

static const struct {
  struct text octets;
  size_t count;
  struct expected all[RECIPIENTS];
} cases[] = {
  {OCTETS("r\0K192.0.2.1 accepted message.\nRemote host said: 250 2.0.0 kept\n\0"), 1,
   {{RESULT_SUCCESS, "2.0.0", 250, "2.0.0 kept"}}},
  {OCTETS("Kfine\n\0"), 2, {{RESULT_SUCCESS, "", 0, "fine"}, {RESULT_SUCCESS, "", 0, "fine"}}},
  {OCTETS("ZSorry, no route. (#4.4.1)\n\0"), 1, {{RESULT_DEFERRAL, "4.4.1", 0, "Sorry, no route. (#4.4.1)"}}},
  {OCTETS("r\0h192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 who?\nGiving up.\n\0"
          "s192.0.2.1 does not like recipient.\nRemote host said: 450 wait\n\0K192.0.2.1 said yes\n\0"), 3,
   {{RESULT_SUCCESS, "", 0, "192.0.2.1 said yes"}, {RESULT_FAILURE, "5.1.1", 550, "5.1.1 who? Giving up."},
    {RESULT_DEFERRAL, "", 450, "wait"}}},
  {OCTETS("DConnected to 192.0.2.1 but sender was rejected.\nRemote host said: 553 no\n\0"), 1,
   {{RESULT_FAILURE, "", 553, "no"}}},
  /* the message's word holds for those that were taken only as far as it is */
  {OCTETS("r\0s\0Dtoo long (#5.3.4)\n\0"), 2,
   {{RESULT_FAILURE, "5.3.4", 0, "too long (#5.3.4)"}, {RESULT_DEFERRAL, "", 0, ""}}},
  /* codes that contradict the letter are not believed */
  {OCTETS("DRemote host said: 250 fine\n\0"), 1, {{RESULT_FAILURE, "", 0, "Remote host said: 250 fine"}}},
  {OCTETS("Znot now (#5.1.1)\n\0"), 1, {{RESULT_DEFERRAL, "", 0, "not now (#5.1.1)"}}},
  {OCTETS("D(#5.1.99999999999999999)\0"), 1, {{RESULT_FAILURE, "", 0, "(#5.1.99999999999999999)"}}},
  /* doubtful */
  {OCTETS(""), 1, {{RESULT_DEFERRAL, "4.3.0", 0, "the program said nothing"}}},
  {OCTETS("Kyes"), 1, {{RESULT_DEFERRAL, "4.3.0", 0, "the program's report makes no sense"}}},
  {OCTETS("r\0"), 1, {{RESULT_DEFERRAL, "4.3.0", 0, "the program's report makes no sense"}}},
  {OCTETS("yes\0K\0"), 1, {{RESULT_DEFERRAL, "4.3.0", 0, "the program's report makes no sense"}}},
  {OCTETS("r\0r\0K\0"), 1, {{RESULT_DEFERRAL, "4.3.0", 0, "the program's report makes no sense"}}},
  {OCTETS("hno\0Kyes\0"), 2,
   {{RESULT_FAILURE, "", 0, "no"}, {RESULT_DEFERRAL, "4.3.0", 0, "the program said nothing about this recipient"}}},
  {OCTETS("\0\0K\x01\x7fx\nbell\a\n\0Dnever\0"), 1, {{RESULT_SUCCESS, "", 0, "??x bell?"}}},
};

static void check(const struct verdict *v, const struct expected *e) {
  assert_int_equal(v->class, e->class);
  assert_string_equal(v->status, e->status);
  assert_int_equal(v->code, e->code);
  if (!text_equals(text_of_stralloc(&v->text), e->text)) fail_msg("%.*s, not %s", (int)v->text.len, v->text.s, e->text);
  struct result r = verdict_result(v);
  assert_true(result_is_valid(&r));
}

static void free_all(struct verdict *v) {
  for (size_t i = 0; i < RECIPIENTS; i++) verdict_free(&v[i]);
}

static void test_reports_are_read(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct verdict v[RECIPIENTS] = {0};
    report_read(v, cases[i].count, cases[i].octets);
    for (size_t n = 0; n < cases[i].count; n++) check(&v[n], &cases[i].all[n]);
    free_all(v);
  }
}

static void test_the_server_is_known_by_its_address(void **state) {
  (void)state;
  struct verdict v[RECIPIENTS] = {0};
  report_read(v, 2, TEXT("hConnected to 192.0.2.1 but no.\n\0s2001:db8::1 said no\n\0D\0"));
  assert_true(text_equals(text_of_stralloc(&v[0].address), "192.0.2.1"));
  assert_true(text_equals(text_of_stralloc(&v[1].address), "2001:db8::1"));
  report_read(v, 1, TEXT("Dno address here\n\0"));
  assert_int_equal(v[0].address.len, 0);
  free_all(v);
}

static void set(struct verdict *v, enum result_class class, unsigned code, const char *status, const char *text) {
  verdict_set(v, class, status, text);
  v->code = code;
  if (code) verdict_who(v, text_of("mx.test"), text_of("192.0.2.7"));
}

static void test_what_is_written_can_be_read(void **state) {
  (void)state;
  struct verdict said[RECIPIENTS] = {0}, heard[RECIPIENTS] = {0};
  stralloc octets = {0};
  set(&said[0], RESULT_SUCCESS, 250, "2.0.0", "2.0.0 kept");
  set(&said[1], RESULT_FAILURE, 550, "5.1.1", "5.1.1 who?");
  set(&said[2], RESULT_DEFERRAL, 0, "4.4.1", "no route");
  assert_int_equal(report_put(&octets, said, RECIPIENTS), 0);
  static const char expected[] =
      "r\0h192.0.2.7 did not take the mail.\nRemote host said: 550 5.1.1 who?\n\0sno route (#4.4.1)\n\0"
      "K192.0.2.7 accepted message.\nRemote host said: 250 2.0.0 kept\n";
  assert_int_equal(octets.len, sizeof expected);
  assert_memory_equal(octets.s, expected, sizeof expected);
  report_read(heard, RECIPIENTS, text_of_stralloc(&octets));
  for (size_t i = 0; i < RECIPIENTS; i++) {
    assert_int_equal(heard[i].class, said[i].class);
    assert_string_equal(heard[i].status, said[i].status);
    assert_int_equal(heard[i].code, said[i].code);
  }
  stralloc_free(&octets);
  free_all(said);
  free_all(heard);
}

static void test_a_message_that_nobody_got(void **state) {
  (void)state;
  struct verdict v[RECIPIENTS] = {0};
  stralloc octets = {0};
  set(&v[0], RESULT_FAILURE, 0, "5.1.3", "no");
  set(&v[1], RESULT_FAILURE, 0, "5.1.3", "no");
  assert_int_equal(report_put(&octets, v, 2), 0);
  assert_non_null(memmem(octets.s, octets.len, "\0Dno (#5.1.3)\n", 14));
  set(&v[1], RESULT_DEFERRAL, 0, "4.0.0", "later");
  stralloc_zero(&octets);
  assert_int_equal(report_put(&octets, v, 2), 0);
  assert_non_null(memmem(octets.s, octets.len, "\0Zlater (#4.0.0)\n", 17));
  stralloc_free(&octets);
  free_all(v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_reports_are_read),
    cmocka_unit_test(test_the_server_is_known_by_its_address),
    cmocka_unit_test(test_what_is_written_can_be_read),
    cmocka_unit_test(test_a_message_that_nobody_got),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
