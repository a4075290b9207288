#include "config.h"
#include "lib/stscache.h"
#include <errno.h>
#include "lib/testfolder.h"

static const char policy[] = "version: STSv1\r\nmode: enforce\r\nmx: mx.a.test\r\nmax_age: 1000\r\n";
static struct stscache_entry e;
static int folder = -1;

static int open_cache(void **state) {
  if (test_folder_make(state) == -1) return -1;
  return (folder = stscache_open(test_folder)) == -1 ? -1 : 0;
}

static int close_cache(void **state) {
  char command[200];
  close(folder);
  snprintf(command, sizeof command, "rm -r '%s/sts'", test_folder);
  return system(command) == 0 ? test_folder_remove(state) : -1;
}

static void a_policy_survives(void **state) {
  (void)state;
  assert_int_equal(stscache_read(&e, folder, "a.test"), 0);
  assert_int_equal(stscache_write(folder, "a.test", "id1", 5000, policy, sizeof policy - 1), 0);
  assert_int_equal(stscache_read(&e, folder, "a.test"), 1);
  assert_string_equal(e.id, "id1");
  assert_int_equal(e.fetched_s, 5000);
  assert_int_equal(e.policy.mode, STS_ENFORCE);
  assert_memory_equal(e.policy.text, policy, sizeof policy - 1);
  assert_true(sts_policy_allows(&e.policy, "mx.a.test", 9));
  assert_int_equal(stscache_remove(folder, "a.test"), 0);
  assert_int_equal(stscache_read(&e, folder, "a.test"), 0);
  assert_int_equal(stscache_remove(folder, "a.test"), 0);
}

static void a_policy_ends(void **state) {
  (void)state;
  static const struct {
    int64_t now_s;
    bool old, over;
  } cases[] = {{5000, false, false}, {5749, false, false}, {5750, true, false},
               {5999, true, false}, {6000, true, true}, {4000, true, false}};
  assert_int_equal(stscache_write(folder, "a.test", "id1", 5000, policy, sizeof policy - 1), 0);
  assert_int_equal(stscache_read(&e, folder, "a.test"), 1);
  for (size_t i = 0; i < COUNT(cases); i++)
    if (stscache_is_old(&e, cases[i].now_s) != cases[i].old || stscache_is_over(&e, cases[i].now_s) != cases[i].over)
      fail_msg("at %d", (int)cases[i].now_s);
}

static void a_failure_lasts_until_a_policy_is_there(void **state) {
  (void)state;
  struct stscache_failure f = {"id2", 7000, "sts-policy-fetch-error", "unable to connect: no route"}, g;
  assert_int_equal(stscache_write_failure(folder, "a.test", &f), 0);
  assert_int_equal(stscache_read_failure(&g, folder, "a.test"), 1);
  assert_string_equal(g.id, f.id);
  assert_int_equal(g.tried_s, f.tried_s);
  assert_string_equal(g.result, f.result);
  assert_string_equal(g.reason, f.reason);
  assert_int_equal(stscache_write(folder, "a.test", "id2", 7001, policy, sizeof policy - 1), 0);
  assert_int_equal(stscache_read_failure(&g, folder, "a.test"), 0);
}

static void put(const char *octets, size_t len) {
  char name[] = "sts/policies/b.test";
  test_write(name, (struct text){octets, len}, 0600);
}

static void files_that_are_not_sound_are_none(void **state) {
  (void)state;
  static const char *const broken[] = {
    "", "\n", "owlpost-sts 2\nid a\nfetched 1\n\nversion: STSv1\nmode: none\nmax_age: 1\n",
    "owlpost-sts 1\nfetched 1\nid a\n\nversion: STSv1\nmode: none\nmax_age: 1\n",
    "owlpost-sts 1\nid a\nfetched x\n\nversion: STSv1\nmode: none\nmax_age: 1\n",
    "owlpost-sts 1\nid a\nfetched 99999999999999999999999\n\nversion: STSv1\nmode: none\nmax_age: 1\n",
    "owlpost-sts 1\nid 0123456789abcdef0123456789abcdef0\nfetched 1\n\nversion: STSv1\nmode: none\nmax_age: 1\n",
    "owlpost-sts 1\nid a\nfetched 1\n\nversion: STSv1\nmode: none\n", "owlpost-sts 1\nid a\nfetched 1",
  };
  static char large[sizeof e.octets + 1];
  for (size_t i = 0; i < COUNT(broken); i++) {
    put(broken[i], strlen(broken[i]));
    if (stscache_read(&e, folder, "b.test") != 0) fail_msg("taken: %s", broken[i]);
  }
  memset(large, '\n', sizeof large);
  put(large, sizeof large);
  assert_int_equal(stscache_read(&e, folder, "b.test"), 0);
}

static void no_folder_is_an_error(void **state) {
  (void)state;
  assert_int_equal(stscache_open("/nonexistent/remote"), -1);
  assert_int_equal(errno, ENOENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_policy_survives), cmocka_unit_test(a_policy_ends),
    cmocka_unit_test(a_failure_lasts_until_a_policy_is_there),
    cmocka_unit_test(files_that_are_not_sound_are_none), cmocka_unit_test(no_folder_is_an_error),
  };
  return cmocka_run_group_tests(tests, open_cache, close_cache);
}
