#include "config.h"
#include "lib/verp.h"
#include "lib/envelope.h"
#include "lib/unittest.h"

static const struct {
  const char *sender, *recipient, *expanded, *plain;
} cases[] = {
  {"joe-list-owner-@here.example-@[]", "ann@there.example", "joe-list-owner-ann=there.example@here.example",
   "joe-list-owner-@here.example"},
  {"me-@host-@[]", "a@b@c.example", "me-a@b=c.example@host", "me-@host"},
  {"me-@host-@[]", "local", "me-local@host", "me-@host"},
  {"a@b-@host-@[]", "x@y", "a@b-x=y@host", "a@b-@host"},
  {"@-@[]", "x@y", "x=y@", "@"},
  {"joe@here.example", "ann@there.example", "joe@here.example", "joe@here.example"},
  {"", "ann@there.example", "", ""},
  {"#@[]", "ann@there.example", "#@[]", "#@[]"},
  {"-@[]", "ann@there.example", "-@[]", "-@[]"},
  {"me-@[]", "ann@there.example", "me-@[]", "me-@[]"},
  {"me-@host-@[]x", "ann@there.example", "me-@host-@[]x", "me-@host-@[]x"},
};

static void each_recipient_is_named(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    print_message("<%s> to <%s>\n", cases[i].sender, cases[i].recipient);
    assert_int_equal(verp_cat(&out, text_of(cases[i].sender), text_of(cases[i].recipient)), 0);
    assert_true(text_equals(text_of_stralloc(&out), cases[i].expanded));
    assert_true(text_equals(verp_plain(text_of(cases[i].sender)), cases[i].plain));
    assert_int_equal(verp_is_wanted(text_of(cases[i].sender)), i < 5);
    stralloc_free(&out);
  }
}

static void no_sender_grows_too_long(void **state) {
  char longest[ENVELOPE_ADDRESS_MAX];
  stralloc out = {0};
  (void)state;
  memset(longest, 'x', sizeof longest);
  for (size_t len = ENVELOPE_ADDRESS_MAX - 10; len <= ENVELOPE_ADDRESS_MAX; len++) {
    stralloc_zero(&out);
    assert_int_equal(verp_cat(&out, text_of("me-@host-@[]"), (struct text){longest, len}), 0);
    assert_true(out.len <= ENVELOPE_ADDRESS_MAX);
  }
  assert_true(text_equals(text_of_stralloc(&out), "me-@host"));
  stralloc_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_recipient_is_named),
    cmocka_unit_test(no_sender_grows_too_long),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
