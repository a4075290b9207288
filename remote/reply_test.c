#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "remote/reply.h"

static const struct {
  const char *name, *in;
  enum reply_status status;
  unsigned code;
  const char *text, *enhanced; /* NULL: none */
  const char *rest;            /* what stays for the next reply */
} cases[] = {
  {"one line", "250 ok\r\n", REPLY_DONE, 250, "ok", NULL, ""},
  {"no text", "354\r\n", REPLY_DONE, 354, "", NULL, ""},
  {"code and blank", "354 \r\n", REPLY_DONE, 354, "", NULL, ""},
  {"several lines", "250-one\r\n250-two\r\n250 three\r\n", REPLY_DONE, 250, "one\ntwo\nthree", NULL, ""},
  {"empty line within", "250-one\r\n250-\r\n250 three\r\n", REPLY_DONE, 250, "one\n\nthree", NULL, ""},
  {"next reply stays", "250 ok\r\n354 go\r\n", REPLY_DONE, 250, "ok", NULL, "354 go\r\n"},
  {"LF alone", "250-a\n250 b\n", REPLY_DONE, 250, "a\nb", NULL, ""},
  {"incomplete", "250 ok\r", REPLY_MORE, 0, "ok", NULL, ""},
  {"goes on", "250-ok\r\n", REPLY_MORE, 250, "ok\n", NULL, ""},
  {"other code, same kind", "550-a\r\n554 b\r\n", REPLY_DONE, 554, "a\nb", NULL, ""},
  {"codes of two kinds", "250-a\r\n550 b\r\n", REPLY_MALFORMED, 0, NULL, NULL, NULL},
  {"control octets", "550 a\001\033[2J\177\r\n", REPLY_DONE, 550, "a??[2J?", NULL, ""},
  {"CR within", "550 a\rb\r\n", REPLY_DONE, 550, "a?b", NULL, ""},
  {"two CR at the end", "550 a\r\r\n", REPLY_DONE, 550, "a?", NULL, ""},
  {"octets above 127 pass", "550 gr\303\274n\r\n", REPLY_DONE, 550, "gr\303\274n", NULL, ""},
  {"no code", "hello\r\n", REPLY_MALFORMED, 0, NULL, NULL, NULL},
  {"empty line", "\r\n", REPLY_MALFORMED, 0, NULL, NULL, NULL},
  {"code too short", "25\r\n", REPLY_MALFORMED, 0, NULL, NULL, NULL},
  {"code too long", "2500 ok\r\n", REPLY_MALFORMED, 0, NULL, NULL, NULL},
  {"code of no kind", "150 ok\r\n", REPLY_MALFORMED, 0, NULL, NULL, NULL},
  {"code of no kind", "650 ok\r\n", REPLY_MALFORMED, 0, NULL, NULL, NULL},
  {"CR in code", "2\r50 ok\r\n", REPLY_MALFORMED, 0, NULL, NULL, NULL},
  {"enhanced", "550 5.1.1 who?\r\n", REPLY_DONE, 550, "5.1.1 who?", "5.1.1", ""},
  {"enhanced, three digits", "550 5.123.999\r\n", REPLY_DONE, 550, "5.123.999", "5.123.999", ""},
  {"enhanced, other class", "550 2.1.1 who?\r\n", REPLY_DONE, 550, "2.1.1 who?", NULL, ""},
  {"enhanced, too long", "550 5.1234.1 x\r\n", REPLY_DONE, 550, "5.1234.1 x", NULL, ""},
  {"enhanced, two parts", "550 5.1 x\r\n", REPLY_DONE, 550, "5.1 x", NULL, ""},
  {"not enhanced", "550 5.1.1x who?\r\n", REPLY_DONE, 550, "5.1.1x who?", NULL, ""},
  {"enhanced on the first line", "550-5.7.1 no\r\n550 5.7.1 really\r\n", REPLY_DONE, 550,
   "5.7.1 no\n5.7.1 really", "5.7.1", ""},
};

static void check(size_t i, struct reply *r, enum reply_status status, struct text rest) {
  char enhanced[STATUS_MAX];
  print_message("%s\n", cases[i].name);
  assert_int_equal(status, cases[i].status);
  if (status == REPLY_MALFORMED) return;
  assert_int_equal(r->code, cases[i].code);
  assert_true(text_equals(text_of_stralloc(&r->text), cases[i].text));
  assert_true(text_equals(rest, cases[i].rest));
  assert_int_equal(reply_enhanced(r, enhanced), cases[i].enhanced != NULL);
  if (cases[i].enhanced) assert_string_equal(enhanced, cases[i].enhanced);
}

static void table(void **state) {
  struct reply r = {0};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct text in = text_of(cases[i].in);
    reply_begin(&r);
    enum reply_status status = reply_feed(&r, &in);
    check(i, &r, status, in);
  }
  reply_free(&r);
}

static void octet_by_octet(void **state) {
  struct reply r = {0};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct text in = text_of(cases[i].in);
    enum reply_status status = REPLY_MORE;
    reply_begin(&r);
    while (status == REPLY_MORE && in.len) {
      struct text one = {in.s, 1};
      status = reply_feed(&r, &one);
      in = (struct text){in.s + 1, in.len - 1};
    }
    check(i, &r, status, in);
  }
  reply_free(&r);
}

static void nul_is_replaced(void **state) {
  struct reply r = {0};
  struct text in = {"250 a\0b\r\n", 9};
  (void)state;
  reply_begin(&r);
  assert_int_equal(reply_feed(&r, &in), REPLY_DONE);
  assert_true(text_equals(text_of_stralloc(&r.text), "a?b"));
  reply_free(&r);
}

/* A server that never comes to the end of its reply. */
static void endless(void **state) {
  struct reply r = {0};
  enum reply_status status = REPLY_MORE;
  size_t octets = 0;
  (void)state;
  reply_begin(&r);
  while (status == REPLY_MORE && octets < 1000000) {
    struct text in = text_of("250-all work and no play\r\n");
    octets += in.len;
    status = reply_feed(&r, &in);
  }
  assert_int_equal(status, REPLY_MALFORMED);
  assert_in_range(octets, REPLY_OCTETS_MAX, REPLY_OCTETS_MAX + 100);
  assert_in_range(r.text.len, 1, REPLY_TEXT_MAX);
  reply_free(&r);
}

static void lines(void **state) {
  struct text rest = text_of("a\n\nb\n"), line;
  const char *expected[] = {"a", "", "b", ""};
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    assert_true(reply_line(&rest, &line));
    assert_true(text_equals(line, expected[i]));
  }
  assert_false(reply_line(&rest, &line));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(table),   cmocka_unit_test(octet_by_octet), cmocka_unit_test(nul_is_replaced),
    cmocka_unit_test(endless), cmocka_unit_test(lines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
