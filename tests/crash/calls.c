#include "config.h"
#include "tests/crash/calls.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>
#include "tests/crash/peek.h"
#include "tests/crash/trace.h"

enum { IOVECS_MAX = 64 };

static bool unnamed_denied;

void calls_deny_unnamed(void) { unnamed_denied = true; }

static int descriptor(const struct tracee *t, int argument) { return (int)t->call.args[argument]; }

/* The path of a call's descriptor, where it lies in the recorded folder. */
static const char *recorded_path(struct tracee *t, int argument) {
  if (peek_descriptor(t->pid, descriptor(t, argument), t->call.path) == -1) return NULL;
  return trace_relative(t->call.path);
}

/* The path of (dirfd, name), where it lies in the recorded folder. */
static const char *named_path(struct tracee *t, int dirfd, int name, char out[PATH_SPACE]) {
  int fd = dirfd < 0 ? AT_FDCWD : descriptor(t, dirfd);
  if (peek_path(t->pid, fd, t->call.args[name], out) == -1) return *out = 0, NULL;
  return trace_relative(out);
}

/* ---- open */

static bool is_unnamed(uint64_t flags) { return (flags & O_TMPFILE) == O_TMPFILE; }

static void before_open(struct tracee *t, int dirfd, int name) {
  struct stat st;
  uint64_t flags = t->call.args[name + 1];
  if (!(flags & (O_CREAT | O_TRUNC)) && !is_unnamed(flags)) return;
  if (!named_path(t, dirfd, name, t->call.path)) return;
  t->call.alone = true;
  t->call.existed = lstat(t->call.path, &st) == 0;
  t->call.denied = is_unnamed(flags) && unnamed_denied;
}

static void after_open(struct tracee *t, int name, int64_t fd) {
  bool is_folder;
  uint64_t flags = t->call.args[name + 1], inode = peek_inode(t->pid, (int)fd, &is_folder);
  if (!t->call.alone || inode == 0 || is_folder) return;
  if (is_unnamed(flags)) trace_event(t, "create", "%llu\t-", (unsigned long long)inode);
  else if (!t->call.existed)
    trace_event(t, "create", "%llu\t%s", (unsigned long long)inode, trace_relative(t->call.path));
  else if (flags & O_TRUNC)
    trace_event(t, "truncate", "%llu\t0\t%s", (unsigned long long)inode, trace_relative(t->call.path));
}

/* ---- octets */

static bool is_socket(struct tracee *t, unsigned long long *number) {
  char path[PATH_SPACE];
  return peek_descriptor(t->pid, descriptor(t, 0), path) == 0 && sscanf(path, "socket:[%llu]", number) == 1;
}

/* The queue's FIFO is no file. */
static void before_write(struct tracee *t) {
  bool is_folder;
  t->call.alone = recorded_path(t, 0) && peek_inode(t->pid, descriptor(t, 0), &is_folder);
}

static void put_piece(const struct tracee *t, const char *event, unsigned long long on, uint64_t address,
                      uint64_t len) {
  unsigned long long at = trace_memory(t->pid, address, len);
  trace_event(t, event, "%llu\t%llu\t%llu", on, (unsigned long long)len, at);
}

/* What a call moved, in one piece or several. */
static void put_vector(const struct tracee *t, const char *event, unsigned long long on, uint64_t address,
                       uint64_t count, uint64_t moved) {
  struct iovec v[IOVECS_MAX];
  if (count > IOVECS_MAX || peek_octets(t->pid, address, v, count * sizeof *v) == -1) {
    trace_event(t, "unknown", "vector\t-");
    return;
  }
  for (uint64_t i = 0; i < count && moved; i++) {
    uint64_t len = v[i].iov_len < moved ? v[i].iov_len : moved;
    if (len) put_piece(t, event, on, (uintptr_t)v[i].iov_base, len);
    moved -= len;
  }
}

/* The file has the octets now, whatever call brought them. */
static void after_file_write(struct tracee *t, int64_t offset, int64_t moved) {
  bool is_folder;
  int fd = peek_open(t->pid, descriptor(t, 0));
  unsigned long long inode = peek_inode(t->pid, descriptor(t, 0), &is_folder);
  if (offset < 0) offset = peek_offset(t->pid, descriptor(t, 0)) - moved;
  if (fd == -1 || inode == 0 || offset < 0) trace_event(t, "unknown", "write\t%s", t->call.path);
  else {
    unsigned long long at = trace_file(fd, (uint64_t)offset, (uint64_t)moved);
    trace_event(t, "write", "%llu\t%lld\t%lld\t%llu\t%s", inode, (long long)offset, (long long)moved, at,
                trace_relative(t->call.path));
  }
  if (fd >= 0) close(fd);
}

static void after_write(struct tracee *t, int64_t moved, bool vector) {
  unsigned long long number;
  const struct call *c = &t->call;
  if (c->alone) after_file_write(t, -1, moved);
  else if (!is_socket(t, &number)) return;
  else if (vector) put_vector(t, "send", number, c->args[1], c->args[2], (uint64_t)moved);
  else put_piece(t, "send", number, c->args[1], (uint64_t)moved);
}

static void after_read(struct tracee *t, int64_t moved, bool vector) {
  unsigned long long number;
  const struct call *c = &t->call;
  if (!is_socket(t, &number)) return;
  if (vector) put_vector(t, "receive", number, c->args[1], c->args[2], (uint64_t)moved);
  else put_piece(t, "receive", number, c->args[1], (uint64_t)moved);
}

static void after_message(struct tracee *t, const char *event, int64_t moved) {
  unsigned long long number;
  struct msghdr m;
  if (!is_socket(t, &number)) return;
  if (peek_octets(t->pid, t->call.args[1], &m, sizeof m) == -1) {
    trace_event(t, "unknown", "message\t-");
    return;
  }
  put_vector(t, event, number, (uintptr_t)m.msg_iov, m.msg_iovlen, (uint64_t)moved);
}

static void after_truncate(struct tracee *t) {
  bool is_folder;
  unsigned long long inode = peek_inode(t->pid, descriptor(t, 0), &is_folder);
  if (t->call.alone)
    trace_event(t, "truncate", "%llu\t%llu\t%s", inode, (unsigned long long)t->call.args[1],
                trace_relative(t->call.path));
}

/* ---- names */

static uint64_t inode_of(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0 ? st.st_ino : 0;
}

static void before_name(struct tracee *t, int dirfd, int name) {
  t->call.alone = named_path(t, dirfd, name, t->call.path) != NULL;
}

static void before_two_names(struct tracee *t, int dirfd, int name, int to_dirfd, int to_name) {
  const char *from = named_path(t, dirfd, name, t->call.path);
  const char *to = named_path(t, to_dirfd, to_name, t->call.to);
  t->call.alone = from || to;
  t->call.inode = from ? inode_of(t->call.path) : 0;
}

/* linkat() of an unnamed file, through /proc/self/fd/N or by descriptor alone. */
static void before_link(struct tracee *t, int dirfd, int name, int to_dirfd, int to_name) {
  bool is_folder;
  int fd;
  char text[32] = "";
  before_two_names(t, dirfd, name, to_dirfd, to_name);
  if (t->call.inode || !t->call.alone) return;
  (void)peek_octets(t->pid, t->call.args[name], text, sizeof text - 1);
  if (sscanf(text, "/proc/self/fd/%d", &fd) != 1) fd = dirfd < 0 ? -1 : descriptor(t, dirfd);
  t->call.inode = fd < 0 ? 0 : peek_inode(t->pid, fd, &is_folder);
}

static void after_link(const struct tracee *t) {
  const char *to = trace_relative(t->call.to);
  if (!t->call.alone) return;
  if (!to || t->call.inode == 0) trace_event(t, "unknown", "link\t%s", t->call.to);
  else trace_event(t, "link", "%llu\t%s", (unsigned long long)t->call.inode, to);
}

/* Two names of one file: then rename() does nothing. */
static void before_rename(struct tracee *t, int dirfd, int name, int to_dirfd, int to_name) {
  before_two_names(t, dirfd, name, to_dirfd, to_name);
  t->call.existed = t->call.inode && inode_of(t->call.to) == t->call.inode;
}

static void after_rename(const struct tracee *t, uint64_t flags) {
  const char *from = trace_relative(t->call.path), *to = trace_relative(t->call.to);
  if (!t->call.alone || t->call.existed) return;
  if (!from || !to || flags > 1) trace_event(t, "unknown", "rename\t%s", t->call.to);
  else trace_event(t, "rename", "%s\t%s", from, to);
}

static void after_unlink(const struct tracee *t) {
  if (t->call.alone) trace_event(t, "unlink", "%s", trace_relative(t->call.path));
}

static void after_mkdir(const struct tracee *t) {
  if (t->call.alone)
    trace_event(t, "mkdir", "%llu\t%s", (unsigned long long)inode_of(t->call.path), trace_relative(t->call.path));
}

/* ---- reaching the disk */

static void before_sync(struct tracee *t) { t->call.alone = recorded_path(t, 0) != NULL; }

static void after_sync(struct tracee *t) {
  bool is_folder;
  unsigned long long inode = peek_inode(t->pid, descriptor(t, 0), &is_folder);
  if (t->call.alone) trace_event(t, "sync", "%llu\t%s", inode, trace_relative(t->call.path));
}

/* ---- waiting */

static void before_poll(const struct tracee *t) {
  if ((int)t->call.args[2] != 0) trace_event(t, "idle", "%s", "");
}

static void before_ppoll(const struct tracee *t) {
  struct timespec limit = {1, 0};
  if (t->call.args[2]) (void)peek_octets(t->pid, t->call.args[2], &limit, sizeof limit);
  if (limit.tv_sec || limit.tv_nsec) trace_event(t, "idle", "%s", "");
}

/* ---- what is not understood */

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

/* ---- all of them */

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
