#include "config.h"
#include "local/crowd.h"
#include <errno.h>
#include "lib/unittest.h"

static void enters(struct crowd *c, const char *user, pid_t pid) {
  assert_int_equal(crowd_reserve(c, text_of(user)), 0);
  crowd_add(c, pid);
}

static void counts_by_name(void **state) {
  struct crowd c = {0};
  (void)state;
  enters(&c, "joe", 10);
  enters(&c, "Joe", 11);
  enters(&c, "joey", 12);
  assert_int_equal(crowd_count(&c, text_of("JOE")), 2);
  assert_int_equal(crowd_count(&c, text_of("joey")), 1);
  assert_int_equal(crowd_count(&c, text_of("jo")), 0);
  assert_true(text_equals(crowd_user(&c, 11), "Joe") && !crowd_user(&c, 9).s);
  assert_true(crowd_end(&c, 10));
  assert_false(crowd_end(&c, 10));
  assert_false(crowd_end(&c, 99));
  assert_int_equal(crowd_count(&c, text_of("joe")), 1);
  assert_int_equal(c.count, 2);
  assert_true(crowd_end(&c, 12) && crowd_end(&c, 11));
  assert_int_equal(c.count, 0);
  crowd_free(&c);
}

/* One that could not be started leaves nothing. */
static void a_place_is_not_taken_by_asking(void **state) {
  struct crowd c = {0};
  (void)state;
  assert_int_equal(crowd_reserve(&c, text_of("joe")), 0);
  assert_int_equal(crowd_reserve(&c, text_of("ann")), 0);
  assert_int_equal(c.count, 0);
  crowd_add(&c, 10);
  assert_int_equal(crowd_count(&c, text_of("joe")), 0);
  assert_int_equal(crowd_count(&c, text_of("ann")), 1);
  crowd_free(&c);
}

static void is_bounded(void **state) {
  struct crowd c = {0};
  (void)state;
  for (pid_t pid = 1; c.count < CROWD_MAX && pid < 2 * CROWD_MAX; pid++) {
    if (crowd_reserve(&c, text_of("joe")) == -1) break;
    crowd_add(&c, pid);
  }
  assert_int_equal(c.count, CROWD_MAX);
  assert_int_equal(crowd_reserve(&c, text_of("joe")), -1);
  assert_int_equal(errno, EAGAIN);
  for (pid_t pid = CROWD_MAX; pid > 0; pid--) assert_true(crowd_end(&c, pid));
  assert_int_equal(c.count, 0);
  crowd_free(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(counts_by_name),
    cmocka_unit_test(a_place_is_not_taken_by_asking),
    cmocka_unit_test(is_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
