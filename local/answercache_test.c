#include "config.h"
#include "local/testing.h"
#include <stdio.h>
#include "local/answercache.h"

static struct answercache cache;

static void kept_for_its_time(void **state) {
  (void)state;
  assert_false(answercache_has(&cache, text_of("joe"), 0));
  assert_false(answercache_has(&cache, text_of(""), 0));
  answercache_keep(&cache, text_of("joe"), 100);
  assert_true(answercache_has(&cache, text_of("joe"), 99));
  assert_true(answercache_has(&cache, text_of("JOE"), 99));
  assert_false(answercache_has(&cache, text_of("joe"), 100));
  assert_false(answercache_has(&cache, text_of("jim"), 99));
  answercache_free(&cache);
}

static void bounded_and_never_wrong(void **state) {
  char name[16];
  unsigned kept = 0;
  (void)state;
  for (unsigned i = 0; i < 10000; i++) {
    snprintf(name, sizeof name, "u%u", i);
    answercache_keep(&cache, text_of(name), 100);
    assert_true(answercache_has(&cache, text_of(name), 1));
  }
  for (unsigned i = 0; i < 10000; i++) {
    snprintf(name, sizeof name, "u%u", i);
    kept += answercache_has(&cache, text_of(name), 1);
  }
  assert_in_range(kept, 1, ANSWERCACHE_PLACES);
  assert_false(answercache_has(&cache, text_of("x1"), 1));
  answercache_free(&cache);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(kept_for_its_time),
    cmocka_unit_test(bounded_and_never_wrong),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
