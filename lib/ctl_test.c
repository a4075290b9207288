#include "config.h"
#include "lib/ctl.h"
#include <errno.h>
#include "lib/queueid.h"
#include "lib/unittest.h"

static void requests_come_back(void **state) {
  (void)state;
  const struct ctl_request cases[] = {{TEXT_ABSENT},
                                      {TEXT("1700000000123456.00112233445566778fff")}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct ctl_request back;
    stralloc out = {0};
    assert_int_equal(ctl_put_request(&out, &cases[i]), 0);
    assert_int_equal(ctl_read_request(&back, text_of_stralloc(&out)), 0);
    assert_text(back.message, cases[i].message);
    stralloc_free(&out);
  }
}

static void replies_come_back(void **state) {
  (void)state;
  const struct ctl_reply cases[] = {{0}, {1, 2, 3, 4, 5, UINT64_MAX, TEXT("words")}};
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
    assert_true(back.active == r->active);
    assert_text(back.text, r->text);
    stralloc_free(&out);
  }
}

static void refuses(void **state) {
  (void)state;
  const struct text cases[] = {
    TEXT("\3\1\0\0\0\x26" "1700000000123456.00112233445566778fff0"), /* over the max */
    TEXT("\3\1\0\0\0\1\n"),
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

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(requests_come_back),
    cmocka_unit_test(replies_come_back),
    cmocka_unit_test(refuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
