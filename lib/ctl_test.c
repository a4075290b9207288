#include "config.h"
#include "lib/ctl.h"
#include <errno.h>
#include "lib/queueid.h"
#include "lib/unittest.h"

static void requests_come_back(void **state) {
  (void)state;
  const struct ctl_request cases[] = {{TEXT_ABSENT, TEXT_ABSENT},
                                      {TEXT_ABSENT, TEXT("example.org")},
                                      {TEXT("1700000000123456.00112233445566778fff"), TEXT_ABSENT},
                                      {TEXT("1700000000123456.00112233445566778fff"
                                            "1700000000123457.00112233445566778fff"),
                                       TEXT_ABSENT}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct ctl_request back;
    stralloc out = {0};
    assert_int_equal(ctl_put_request(&out, &cases[i]), 0);
    assert_int_equal(ctl_read_request(&back, text_of_stralloc(&out)), 0);
    assert_text(back.messages, cases[i].messages);
    assert_text(back.destination, cases[i].destination);
    stralloc_free(&out);
  }
}

static void replies_come_back(void **state) {
  (void)state;
  const struct ctl_reply cases[] = {{0}, {1, 2, 3, 4, 5, UINT64_MAX, 7, 8, TEXT("dgf"), TEXT("words")}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    const struct ctl_reply *r = &cases[i];
    struct ctl_reply back;
    stralloc out = {0};
    assert_int_equal(ctl_put_reply(&out, r), 0);
    assert_int_equal(ctl_read_reply(&back, text_of_stralloc(&out)), 0);
    assert_int_equal(back.local_running, r->local_running);
    assert_int_equal(back.local_limit, r->local_limit);
    assert_int_equal(back.remote_running, r->remote_running);
    assert_int_equal(back.remote_limit, r->remote_limit);
    assert_int_equal(back.waiting, r->waiting);
    assert_int_equal(back.remote_silent, r->remote_silent);
    assert_true(back.active == r->active);
    assert_true(back.held == r->held);
    assert_text(back.outcomes, r->outcomes);
    assert_text(back.text, r->text);
    stralloc_free(&out);
  }
}

static void refuses(void **state) {
  (void)state;
  const struct text cases[] = {
    TEXT("\5\x10\0\0\0\1\n"),
    TEXT("\x8f\1\0\0\0\0"),
    TEXT("\3\1\0\0\0"),
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct ctl_request r;
    errno = 0;
    assert_int_equal(ctl_read_request(&r, cases[i]), -1);
    assert_int_equal(errno, EPROTO);
  }
  struct ctl_reply r;
  assert_int_equal(ctl_read_reply(&r, TEXT("\5\0\0\0\0\1x")), -1);
}

static void a_request_names_each_message(void **state) {
  (void)state;
  struct queueid id;
  struct ctl_request r = {TEXT("1700000000123456.00112233445566778fff"
                               "x700000000123456.00112233445566778fff"
                               "1700000000123457.00112233445566778fff17"), TEXT_ABSENT};
  assert_true(ctl_message(&r, 0, &id));
  assert_string_equal(id.s, "1700000000123456.00112233445566778fff");
  assert_false(ctl_message(&r, 1, &id)); /* no id */
  assert_true(ctl_message(&r, 2, &id));
  assert_string_equal(id.s, "1700000000123457.00112233445566778fff");
  assert_false(ctl_message(&r, 3, &id)); /* a part of one */
}

static void more_messages_than_a_request_may_name_are_refused(void **state) {
  (void)state;
  static char ids[(CTL_MESSAGES_MAX + 1) * QUEUEID_LENGTH];
  struct ctl_request r = {.messages = {ids, CTL_MESSAGES_MAX * QUEUEID_LENGTH}}, back;
  stralloc out = {0};
  memset(ids, 'x', sizeof ids);
  assert_int_equal(ctl_put_request(&out, &r), 0);
  assert_true(out.len <= CTL_FRAME_MAX);
  assert_int_equal(ctl_read_request(&back, text_of_stralloc(&out)), 0);
  r.messages.len++;
  assert_int_equal(ctl_put_request(&out, &r), -1);
  stralloc_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(requests_come_back),
    cmocka_unit_test(replies_come_back),
    cmocka_unit_test(refuses),
    cmocka_unit_test(a_request_names_each_message),
    cmocka_unit_test(more_messages_than_a_request_may_name_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
