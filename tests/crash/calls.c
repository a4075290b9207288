#include "config.h"
#include "tests/crash/calls.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <time.h>
#include "tests/crash/handlers.h"
#include "tests/crash/peek.h"
#include "tests/crash/trace.h"

static void before_poll(const struct tracee *t) {
  if ((int)t->call.args[2] != 0) trace_event(t, "idle", "%s", "");
}

static void before_ppoll(const struct tracee *t) {
  struct timespec limit = {1, 0};
  if (t->call.args[2]) (void)peek_octets(t->pid, t->call.args[2], &limit, sizeof limit);
  if (limit.tv_sec || limit.tv_nsec) trace_event(t, "idle", "%s", "");
}

static void before_unknown_descriptor(struct tracee *t, const char *call, int argument) {
  if (recorded_path(t, argument)) trace_event(t, "unknown", "%s\t%s", call, t->call.path);
}

static void before_unknown_name(struct tracee *t, const char *call, int dirfd, int name) {
  if (named_path(t, dirfd, name, t->call.path)) trace_event(t, "unknown", "%s\t%s", call, t->call.path);
}

static void before_mmap(struct tracee *t) {
  const uint64_t *a = t->call.args;
  if ((a[2] & PROT_WRITE) && (a[3] & MAP_TYPE) != MAP_PRIVATE && !(a[3] & MAP_ANONYMOUS))
    before_unknown_descriptor(t, "mmap", 4);
}

static void before_other(struct tracee *t) {
  switch (t->call.number) {
  case SYS_mmap: before_mmap(t); break;
  case SYS_copy_file_range: before_unknown_descriptor(t, "copy_file_range", 2); break;
  case SYS_splice: before_unknown_descriptor(t, "splice", 2); break;
  case SYS_fallocate: before_unknown_descriptor(t, "fallocate", 0); break;
  case SYS_pwritev: before_unknown_descriptor(t, "pwritev", 0); break;
  case SYS_pwritev2: before_unknown_descriptor(t, "pwritev2", 0); break;
  case SYS_truncate: before_unknown_name(t, "truncate", -1, 0); break;
  case SYS_symlinkat: before_unknown_name(t, "symlinkat", 1, 2); break;
  case SYS_openat2: before_unknown_name(t, "openat2", 0, 1); break;
  case SYS_io_uring_setup: trace_event(t, "unknown", "io_uring_setup\t-"); break;
#ifdef SYS_symlink
  case SYS_symlink: before_unknown_name(t, "symlink", -1, 1); break;
  case SYS_creat: before_unknown_name(t, "creat", -1, 0); break;
#endif
  }
}

static void before(struct tracee *t) {
  switch (t->call.number) {
  case SYS_openat: before_open(t, 0, 1); break;
  case SYS_write:
  case SYS_writev:
  case SYS_pwrite64:
  case SYS_sendfile:
  case SYS_ftruncate: before_write(t); break;
  case SYS_fsync:
  case SYS_fdatasync: before_sync(t); break;
  case SYS_sync: t->call.alone = true; break;
  case SYS_syncfs: before_sync(t); break;
  case SYS_unlinkat: before_name(t, 0, 1); break;
  case SYS_mkdirat: before_name(t, 0, 1); break;
  case SYS_linkat: before_link(t, 0, 1, 2, 3); break;
  case SYS_renameat2: before_rename(t, 0, 1, 2, 3); break;
  case SYS_ppoll: before_ppoll(t); break;
#ifdef SYS_renameat
  case SYS_renameat: before_rename(t, 0, 1, 2, 3); break;
#endif
#ifdef SYS_open
  case SYS_open: before_open(t, -1, 0); break;
  case SYS_unlink:
  case SYS_rmdir: before_name(t, -1, 0); break;
  case SYS_mkdir: before_name(t, -1, 0); break;
  case SYS_link: before_link(t, -1, 0, -1, 1); break;
  case SYS_rename: before_rename(t, -1, 0, -1, 1); break;
  case SYS_poll: before_poll(t); break;
#endif
  default: before_other(t);
  }
}

static void after(struct tracee *t, int64_t r) {
  switch (t->call.number) {
  case SYS_openat: after_open(t, 1, r); break;
  case SYS_write:
  case SYS_sendto: after_write(t, r, false); break;
  case SYS_writev: after_write(t, r, true); break;
  case SYS_sendfile: if (t->call.alone) after_file_write(t, -1, r); break;
  case SYS_pwrite64: if (t->call.alone) after_file_write(t, (int64_t)t->call.args[3], r); break;
  case SYS_read:
  case SYS_recvfrom: after_read(t, r, false); break;
  case SYS_readv: after_read(t, r, true); break;
  case SYS_sendmsg: after_message(t, "send", r); break;
  case SYS_recvmsg: after_message(t, "receive", r); break;
  case SYS_ftruncate: after_truncate(t); break;
  case SYS_fsync:
  case SYS_fdatasync: after_sync(t); break;
  case SYS_sync: trace_event(t, "syncfs", "%s", ""); break;
  case SYS_syncfs: if (t->call.alone) trace_event(t, "syncfs", "%s", ""); break;
  case SYS_unlinkat: after_unlink(t); break;
  case SYS_mkdirat: after_mkdir(t); break;
  case SYS_linkat: after_link(t); break;
  case SYS_renameat2: after_rename(t, t->call.args[4]); break;
#ifdef SYS_renameat
  case SYS_renameat: after_rename(t, 0); break;
#endif
#ifdef SYS_open
  case SYS_open: after_open(t, 0, r); break;
  case SYS_unlink:
  case SYS_rmdir: after_unlink(t); break;
  case SYS_mkdir: after_mkdir(t); break;
  case SYS_link: after_link(t); break;
  case SYS_rename: after_rename(t, 0); break;
#endif
  }
}

/* The call becomes one that there is not; its answer is put in afterwards. */
static void set_register(pid_t pid, bool number, long value) {
#ifdef __x86_64__
  struct user_regs_struct regs;
  if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) == -1) return;
  if (number) regs.orig_rax = (unsigned long long)value;
  else regs.rax = (unsigned long long)value;
  (void)ptrace(PTRACE_SETREGS, pid, NULL, &regs);
#else
  (void)pid, (void)number, (void)value;
#endif
}

void calls_before(struct tracee *t) {
  before(t);
  if (t->call.denied) set_register(t->pid, true, -1);
}

void calls_after(struct tracee *t, int64_t returned) {
  if (t->call.denied) set_register(t->pid, false, -EOPNOTSUPP);
  else if (returned >= 0) after(t, returned);
}
