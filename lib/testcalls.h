/* testcalls.h - a system call that fails from now on in this process and its children, for a test */
#ifndef OWL_TESTCALLS_H
#define OWL_TESTCALLS_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include "lib/unittest.h"

/* With this error, where this argument, counted from 0, is not 0. */
static inline void test_fail_call(unsigned number, unsigned argument, unsigned error) {
  const unsigned at = (unsigned)(offsetof(struct seccomp_data, args) + 8 * argument);
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof code[0], code};
  assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0), 0);
}

#endif
