#include "config.h"
#include "lib/syncall.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib/unittest.h"

static int new_file(void) {
  int fd = memfd_create("sync", MFD_CLOEXEC);
  assert_true(fd >= 0);
  return fd;
}

static void each_has_its_own_error(void **state) {
  (void)state;
  int fds[SYNCALL_MAX], errors[SYNCALL_MAX], bad[] = {0, 1, 40, SYNCALL_MAX - 1};
  for (size_t i = 0; i < SYNCALL_MAX; i++) fds[i] = new_file();
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    close(fds[bad[i]]);
    fds[bad[i]] = open("/proc/self/fd", O_PATH | O_CLOEXEC); /* EBADF for all but its closing */
    assert_true(fds[bad[i]] >= 0);
  }
  syncall(fds, errors, SYNCALL_MAX);
  for (size_t i = 0, next = 0; i < SYNCALL_MAX; i++) {
    bool is_bad = next < sizeof bad / sizeof bad[0] && (int)i == bad[next];
    next += is_bad;
    assert_int_equal(errors[i], is_bad ? EBADF : 0);
    close(fds[i]);
  }
}

static void one_alone_is_synced(void **state) {
  (void)state;
  int fd = new_file(), error = -1;
  syncall(&fd, &error, 1);
  assert_int_equal(error, 0);
  close(fd);
  syncall(&fd, &error, 1);
  assert_int_equal(error, EBADF);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_has_its_own_error),
    cmocka_unit_test(one_alone_is_synced),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
