#include "config.h"
#include "lib/header.h"
#include "lib/unittest.h"

static void judges_lines(void **state) {
  (void)state;
  const struct {
    struct text line;
    enum header_line expected;
  } cases[] = {
    {TEXT("Subject: x\n"), HEADER_LINE_FIELD},
    {TEXT("Subject:"), HEADER_LINE_FIELD},
    {TEXT("Subject \t: x\n"), HEADER_LINE_FIELD},
    {TEXT("!#$~:x\n"), HEADER_LINE_FIELD},
    {TEXT(": x\n"), HEADER_LINE_NO_FIELD},
    {TEXT("Sub ject: x\n"), HEADER_LINE_NO_FIELD},
    {TEXT("Subj\xc3\xa4t: x\n"), HEADER_LINE_NO_FIELD},
    {TEXT("Sub\0ject: x\n"), HEADER_LINE_NO_FIELD},
    {TEXT("Subject\n: x\n"), HEADER_LINE_NO_FIELD},
    {TEXT("Subject"), HEADER_LINE_NO_FIELD},
    {TEXT("From joe Mon Nov 23\n"), HEADER_LINE_NO_FIELD},
    {TEXT(" folded\n"), HEADER_LINE_FOLDED},
    {TEXT("\tfolded\n"), HEADER_LINE_FOLDED},
    {TEXT("\n"), HEADER_LINE_EMPTY},
    {TEXT(""), HEADER_LINE_EMPTY},
    {TEXT("\r\n"), HEADER_LINE_NO_FIELD},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    assert_int_equal(header_line(cases[i].line), cases[i].expected);
}

static void walks_folded_fields(void **state) {
  (void)state;
  struct text rest = TEXT("To: a,\n\tb,\n c\nX :\n\nbody: no field\n");
  struct header_field f;
  assert_true(header_next(&rest, &f));
  assert_text(f.name, TEXT("To"));
  assert_text(f.value, TEXT(" a,\n\tb,\n c"));
  assert_text(f.whole, TEXT("To: a,\n\tb,\n c\n"));
  assert_true(header_next(&rest, &f));
  assert_text(f.name, TEXT("X"));
  assert_text(f.value, TEXT(""));
  assert_false(header_next(&rest, &f));
  assert_text(rest, TEXT("\nbody: no field\n"));
}

static void takes_a_last_line_without_its_end(void **state) {
  (void)state;
  struct text rest = TEXT("A: b\n c");
  struct header_field f;
  assert_true(header_next(&rest, &f));
  assert_text(f.value, TEXT(" b\n c"));
  assert_false(header_next(&rest, &f));
  assert_int_equal(rest.len, 0);
}

static void a_folded_first_line_is_no_field(void **state) {
  (void)state;
  struct text rest = TEXT(" a\nB: c\n");
  struct header_field f;
  assert_false(header_next(&rest, &f));
  assert_text(rest, TEXT(" a\nB: c\n"));
}

static void finds_by_name_within_the_header_only(void **state) {
  (void)state;
  struct text header = TEXT("One: 1\nTWO: 2\ntwo: 3\n\nThree: 4\n");
  struct header_field f;
  assert_true(header_find(header, "two", &f));
  assert_text(f.value, TEXT(" 2"));
  assert_false(header_find(header, "three", &f));
  assert_false(header_find(header, "tw", &f));
}

static void every_name_classifies_as_itself(void **state) {
  (void)state;
  const char *names[] = {"apparently-to", "BCC", "Cc", "content-LENGTH", "Date",
                         "Disposition-Notification-To", "Errors-To", "From", "Mail-Followup-To",
                         "Mail-Reply-To", "Message-Id", "Reply-To", "Resent-Bcc", "Resent-Cc",
                         "Resent-Date", "Resent-From", "Resent-Message-Id", "Resent-Reply-To",
                         "Resent-Sender", "Resent-To", "Return-Path", "Return-Receipt-To",
                         "Sender", "To"};
  for (unsigned i = 0; i < COUNT(names); i++)
    assert_int_equal(header_classify(text_of(names[i])), HEADER_OTHER + 1 + i);
  assert_int_equal(COUNT(names) + 1, HEADER_NAME_COUNT);
  assert_int_equal(header_classify(TEXT("Subject")), HEADER_OTHER);
  assert_int_equal(header_classify(TEXT("T")), HEADER_OTHER);
  assert_int_equal(header_classify(TEXT("")), HEADER_OTHER);
}

static void only_recipients_are_recipients(void **state) {
  (void)state;
  for (unsigned i = 0; i < HEADER_NAME_COUNT; i++) {
    unsigned t = header_traits((enum header_name)i);
    bool to = i == HEADER_TO || i == HEADER_CC || i == HEADER_BCC || i == HEADER_APPARENTLY_TO;
    bool again = i == HEADER_RESENT_TO || i == HEADER_RESENT_CC || i == HEADER_RESENT_BCC;
    assert_int_equal((t & HEADER_RECIPIENTS) != 0, to || again);
    if (t & HEADER_RECIPIENTS) assert_true(t & HEADER_ADDRESSES);
    if (again) assert_true(t & HEADER_RESENT);
    if (to) assert_false(t & HEADER_RESENT);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(judges_lines),
    cmocka_unit_test(walks_folded_fields),
    cmocka_unit_test(takes_a_last_line_without_its_end),
    cmocka_unit_test(a_folded_first_line_is_no_field),
    cmocka_unit_test(finds_by_name_within_the_header_only),
    cmocka_unit_test(every_name_classifies_as_itself),
    cmocka_unit_test(only_recipients_are_recipients),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
