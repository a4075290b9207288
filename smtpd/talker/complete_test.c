#include "config.h"
#include "smtpd/talker/complete.h"
#include "lib/unittest.h"

/* D, F, I: the fields that are put in. */
static const struct {
  const char *name, *message, *added;
  int at; /* -1: nowhere */
} cases[] = {
  {"all are there", "Date: x\nFrom: y\nMessage-ID: z\n\nbody\n", "", 30},
  {"none is there", "Subject: x\n\nbody\n", "DFI", 11},
  {"in any case", "DATE: x\nfrom: y\nmessage-id: z\n\n", "", 30},
  {"blanks before the colon", "Date : x\nFrom\t: y\n\n", "I", 18},
  {"in a folded line", "Subject: x\n Date: x\n\tFrom: y\n\n", "DFI", 29},
  {"in the body", "Subject: x\n\nDate: x\nFrom: y\n", "DFI", 11},
  {"other names around them", "X-Date: x\nFroms: y\nResent-Message-ID: z\n\n", "DFI", 40},
  {"a name that is long", "X-0123456789012345678901234567890: x\nDate: y\n\n", "FI", 45},
  {"an empty header", "\nbody\n", "DFI", 0},
  {"nothing but a header", "Subject: x\n", "DFI", 11},
  {"nothing", "", "DFI", 0},
  {"signed", "DKIM-Signature: x\nFrom: y\n\nbody\n", "", -1},
  {"no header at all", "hello world\n\nbody\n", "", -1},
  {"a blank first", " x\nSubject: y\n\nbody\n", "", -1},
  {"a colon first", ": x\n\nbody\n", "", -1},
  {"a line that is no field", "Subject: x\nbody\n\nmore\n", "", -1},
  {"8-bit octets in a name", "S\xfc" "b: x\n\nbody\n", "", -1},
  {"ends within a line", "Subject: x\nFrom: y", "", -1},
};

static void expect(const struct complete *c, const char *added) {
  stralloc out = {0}, expected = {0};
  assert_int_equal(complete_cat(c, &out), 0);
  for (; *added; added++)
    assert_true(stralloc_cats(&expected, *added == 'D'   ? "Date: 23 Nov 2026 12:00:00 -0000\n"
                                         : *added == 'F' ? "From: <\"a b\"@c.example>\n"
                                                         : "Message-ID: <1.x@me.example>\n"));
  assert_text(text_of_stralloc(&out), text_of_stralloc(&expected));
  stralloc_free(&out);
  stralloc_free(&expected);
}

static struct complete begin(void) {
  return (struct complete){.is_wanted = true, .sender = text_of("a b@c.example"), .message_id = text_of("1.x@me.example"),
                           .wall_us = UINT64_C(1795435200000000)};
}

/* Whole, and octet by octet. */
static void finds_where_and_what(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++)
    for (size_t step = 1; step <= 100; step += 99) {
      struct complete c = begin();
      struct text message = text_of(cases[i].message);
      int found = -1;
      for (size_t at = 0; at < message.len; at += step) {
        struct text part = {message.s + at, step < message.len - at ? step : message.len - at};
        size_t n = complete_scan(&c, part);
        if (n <= part.len) assert_int_equal(found, -1), found = (int)(at + n);
      }
      if (found == -1 && complete_is_open(&c)) found = (int)message.len;
      if (found != cases[i].at) print_message("%s\n", cases[i].name);
      assert_int_equal(found, cases[i].at);
      if (found != -1) expect(&c, cases[i].added);
    }
}

static void who_does_not_want_it_gets_nothing(void **state) {
  (void)state;
  struct complete c = {.is_wanted = false};
  assert_int_equal(complete_scan(&c, TEXT("Subject: x\n\n")), 13);
  assert_false(complete_is_open(&c));
}

static void a_null_sender_is_no_author(void **state) {
  (void)state;
  struct complete c = begin();
  c.sender = TEXT("");
  assert_int_equal(complete_scan(&c, TEXT("Subject: x\n\n")), 11);
  expect(&c, "DI");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(finds_where_and_what),
    cmocka_unit_test(who_does_not_want_it_gets_nothing),
    cmocka_unit_test(a_null_sender_is_no_author),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
