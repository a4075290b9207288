#include "config.h"
#include "auth/remembered.h"
#include <sys/wait.h>
#include <unistd.h>
#include "lib/unittest.h"

enum { NOW_US = 5000000 };

static const char line[] = "{CRYPT}$5$rounds=1000$benchbench$eD.lwpTEs1cDocuYAIm6q71z0ynpqeujFJioPwGstW2";

static bool holds(struct remembered *r, const char *fields, struct text user, struct text password, uint64_t now_us) {
  uint8_t sum[REMEMBERED_OCTETS];
  struct verifier v;
  assert_int_equal(verifier_read(&v, text_of(fields)), 0);
  remembered_sum(r, &v, user, password, sum);
  verifier_free(&v);
  return remembered_holds(r, sum, now_us);
}

static void put(struct remembered *r, const char *fields, struct text user, struct text password) {
  uint8_t sum[REMEMBERED_OCTETS];
  struct verifier v;
  assert_int_equal(verifier_read(&v, text_of(fields)), 0);
  remembered_sum(r, &v, user, password, sum);
  verifier_free(&v);
  remembered_put(r, sum, NOW_US);
}

static void only_the_same_is_remembered(void **state) {
  struct remembered *r = remembered_new();
  const uint64_t end_us = NOW_US + (uint64_t)REMEMBERED_S * 1000000;
  (void)state;
  assert_non_null(r);
  assert_false(holds(r, line, TEXT("joe"), TEXT("secret"), NOW_US));
  put(r, line, TEXT("joe"), TEXT("secret"));
  assert_true(holds(r, line, TEXT("joe"), TEXT("secret"), NOW_US));
  assert_true(holds(r, line, TEXT("joe"), TEXT("secret"), end_us - 1));
  assert_false(holds(r, line, TEXT("joe"), TEXT("secret"), end_us));
  assert_false(holds(r, line, TEXT("joe"), TEXT("Secret"), NOW_US));
  assert_false(holds(r, line, TEXT("joes"), TEXT("ecret"), NOW_US));
  assert_false(holds(r, line, TEXT("ann"), TEXT("secret"), NOW_US));
  assert_false(holds(r, "{CRYPT}$5$another", TEXT("joe"), TEXT("secret"), NOW_US));
  remembered_free(r);
}

static void processes_share_it(void **state) {
  struct remembered *r = remembered_new(), *other = remembered_new();
  int status;
  (void)state;
  pid_t pid = fork();
  if (pid == 0) {
    put(r, line, TEXT("joe"), TEXT("secret"));
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_true(holds(r, line, TEXT("joe"), TEXT("secret"), NOW_US));
  assert_false(holds(other, line, TEXT("joe"), TEXT("secret"), NOW_US));
  remembered_free(r);
  remembered_free(other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(only_the_same_is_remembered),
    cmocka_unit_test(processes_share_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
