#include "config.h"
#include "lib/ctlstats.h"
#include <errno.h>
#include "lib/unittest.h"

static void requests_come_back(void **state) {
  (void)state;
  const struct text names[] = {TEXT_ABSENT, TEXT("relay.example:2525"), TEXT("local/joe")};
  for (size_t i = 0; i < COUNT(names); i++) {
    struct ctlstats_request r = {names[i], TEXT("joe@x.example"), TEXT("ann@a.example")}, back;
    stralloc out = {0};
    assert_int_equal(ctlstats_put_request(&out, &r), 0);
    assert_int_equal(ctlstats_read_request(&back, text_of_stralloc(&out)), 0);
    assert_text(back.name, names[i]);
    assert_text(back.address, TEXT("joe@x.example"));
    assert_text(back.sender, TEXT("ann@a.example"));
    stralloc_free(&out);
  }
}

static void totals_come_back(void **state) {
  (void)state;
  const struct ctlstats_totals t = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, UINT64_MAX};
  struct ctlstats_totals back;
  stralloc out = {0};
  assert_int_equal(ctlstats_put_totals(&out, &t), 0);
  assert_int_equal(ctlstats_read_totals(&back, text_of_stralloc(&out)), 0);
  assert_memory_equal(&back, &t, sizeof t); /* numbers alone */
  stralloc_free(&out);
}

static void destinations_come_back(void **state) {
  (void)state;
  const struct ctlstats_destination d = {
    TEXT("x.example"), CHANNEL_REMOTE, 1, 2, 3, 4, 5, 6, true, true, 7, 8, 9, 10, 11, 12, 13,
    TEXT("450 not now"), 14, UINT64_MAX, 15, 16};
  struct ctlstats_destination back;
  stralloc out = {0};
  assert_int_equal(ctlstats_put_destination(&out, &d), 0);
  assert_int_equal(ctlstats_read_destination(&back, text_of_stralloc(&out)), 0);
  assert_text(back.name, d.name);
  assert_text(back.last_error, d.last_error);
  assert_true(back.down && back.held);
  const uint64_t got[] = {back.channel, back.waiting, back.parked, back.active, back.workers, back.window,
                          back.window_most, back.opens_s, back.backoff_s, back.rate, back.rate_s,
                          back.delivered, back.deferred, back.failed, back.last_error_us, back.oldest_us, back.silent,
                          back.unreached};
  const uint64_t expected[] = {1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, UINT64_MAX, 15, 16};
  assert_memory_equal(got, expected, sizeof expected);
  stralloc_free(&out);
}

static void refuses(void **state) {
  (void)state;
  struct ctlstats_request r;
  struct ctlstats_destination d;
  assert_int_equal(ctlstats_read_request(&r, TEXT("\3\7\0\0\0\1\n")), -1);
  assert_int_equal(errno, EPROTO);
  assert_int_equal(ctlstats_read_destination(&d, TEXT("\3\4\0\0\0\x08\0\0\0\0\0\0\0\2")), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(requests_come_back),
    cmocka_unit_test(totals_come_back),
    cmocka_unit_test(destinations_come_back),
    cmocka_unit_test(refuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
