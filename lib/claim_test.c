#include "config.h"
#include "lib/claim.h"
#include "lib/unittest.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* In another process, as a filter's child would. */
static bool child_takes(int fd) {
  int status;
  pid_t pid = fork();
  if (pid == 0) _exit(claim_take(fd) ? 0 : 1);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void the_first_has_it_for_good(void **state) {
  (void)state;
  int fd = memfd_create("claim", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  assert_true(fd >= 0);
  assert_false(claim_is_taken(fd));
  assert_true(child_takes(fd));
  assert_true(claim_is_taken(fd));
  assert_false(child_takes(fd));
  assert_false(claim_take(fd));
  close(fd);
}

static void nobody_has_what_cannot_be_marked(void **state) {
  (void)state;
  int file = open("/dev/null", O_RDWR | O_CLOEXEC), plain = memfd_create("plain", MFD_CLOEXEC);
  assert_false(claim_take(file));
  assert_false(claim_is_taken(file));
  assert_false(claim_take(plain));
  assert_false(claim_take(-1));
  assert_false(claim_is_taken(-1));
  close(file);
  close(plain);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_first_has_it_for_good),
    cmocka_unit_test(nobody_has_what_cannot_be_marked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
