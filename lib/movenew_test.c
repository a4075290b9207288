#include "config.h"
#include "lib/movenew.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "lib/testcalls.h"
#include "lib/testfolder.h"

static bool is_there(int folder, const char *name) { return faccessat(folder, name, F_OK, 0) == 0; }

static void move_some(int folder) {
  test_write("a", TEXT("of a"), 0600);
  test_write("b", TEXT("of b"), 0600);
  assert_int_equal(movenew(folder, "a", "b"), -1);
  assert_int_equal(errno, EEXIST);
  assert_true(is_there(folder, "a") && is_there(folder, "b"));
  assert_int_equal(movenew(folder, "a", "c"), 0);
  assert_true(!is_there(folder, "a") && is_there(folder, "c"));
  assert_int_equal(movenew(folder, "a", "d"), -1);
  assert_int_equal(errno, ENOENT);
}

static void nothing_is_overwritten(void **state) {
  (void)state;
  int folder = open(test_folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  move_some(folder);
  test_fail_call(SYS_renameat2, 4, EINVAL);
  assert_int_equal(unlinkat(folder, "c", 0), 0);
  assert_int_equal(renameat2(folder, "b", folder, "e", RENAME_NOREPLACE), -1);
  move_some(folder);
  assert_int_equal(linkat(folder, "b", folder, "f", 0), 0);
  assert_int_equal(movenew(folder, "b", "f"), 0); /* a second try */
  assert_true(!is_there(folder, "b") && is_there(folder, "f"));
  close(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(nothing_is_overwritten, test_folder_make, test_folder_remove)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
