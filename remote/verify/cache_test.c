/* What is kept of the words of next hops, and for how long. */
#include "config.h"
#include "remote/verify/cache.h"
#include <stdio.h>
#include "lib/unittest.h"

static void keep(struct verify_cache *c, const char *key, enum result_class class, const char *words, uint64_t until_us) {
  struct verdict v = {.class = RESULT_NONE};
  verdict_set(&v, class, "", words);
  verify_cache_keep(c, text_of(key), &v, until_us);
  verdict_free(&v);
}

static void answers_are_kept_until_their_time(void **state) {
  struct verify_cache c;
  (void)state;
  assert_int_equal(verify_cache_open(&c), 0);
  assert_null(verify_cache_find(&c, text_of("a@b.test"), 0));
  keep(&c, "a@b.test", RESULT_FAILURE, "who?", 100);
  const struct verdict *found = verify_cache_find(&c, text_of("A@B.test"), 99);
  assert_non_null(found);
  assert_int_equal(found->class, RESULT_FAILURE);
  assert_text(text_of_stralloc(&found->text), TEXT("who?"));
  assert_null(verify_cache_find(&c, text_of("a@b.test"), 100));
  assert_null(verify_cache_find(&c, text_of("a@b.tes"), 50));
  keep(&c, "a@b.test", RESULT_SUCCESS, "yes", 200);
  assert_int_equal(verify_cache_find(&c, text_of("a@b.test"), 100)->class, RESULT_SUCCESS);
  verify_cache_free(&c);
}

/* More names than places: what is found is always the name's own. */
static void a_name_never_gets_another_ones_answer(void **state) {
  enum { NAMES = 3 * VERIFY_CACHE_PLACES };
  struct verify_cache c;
  char name[32];
  unsigned found = 0;
  (void)state;
  assert_int_equal(verify_cache_open(&c), 0);
  for (unsigned i = 0; i < NAMES; i++) {
    snprintf(name, sizeof name, "%u@b.test", i);
    keep(&c, name, RESULT_FAILURE, name, 100);
  }
  for (unsigned i = 0; i < NAMES; i++) {
    snprintf(name, sizeof name, "%u@b.test", i);
    const struct verdict *v = verify_cache_find(&c, text_of(name), 1);
    if (!v) continue;
    found++;
    assert_true(text_equals(text_of_stralloc(&v->text), name));
  }
  assert_in_range(found, VERIFY_CACHE_PLACES / 2, VERIFY_CACHE_PLACES);
  verify_cache_free(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(answers_are_kept_until_their_time),
    cmocka_unit_test(a_name_never_gets_another_ones_answer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
