#include "config.h"
#include "lib/movenew.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/testfolder.h"

/* On from now on: a file system on which a rename takes no flags. */
static void forbid_flags(void) {
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[4])),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof code[0], code};
  assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0), 0);
}

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
  forbid_flags();
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
