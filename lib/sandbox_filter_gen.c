/* sandbox_filter_gen - writes the header with the talkers' seccomp filters
 *
 * Runs at build time on the architecture that it builds for, so that no
 * program links libseccomp or spends time on making a filter.
 */
#include "config.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void die_step(const char *step, int error) {
  fprintf(stderr, "sandbox_filter_gen: unable to %s: %s\n", step, strerror(error));
  exit(111);
}

/* Names that an architecture does not have are passed over. */
static const char *const allowed[] = {
  "read", "pread64", "write", "recvmsg", "sendmsg", "poll", "ppoll",
  "ppoll_time64", "shutdown", "close", "exit", "exit_group", "rt_sigreturn", "sigreturn",
  "restart_syscall", "clock_gettime", "clock_gettime64", "brk", "munmap", "mremap", "madvise",
  "getrandom", NULL
};

/* OpenSSL asks for its process id before it draws random numbers. */
static const char *const allowed_openssl[] = {"getpid", NULL};

/* What AddressSanitizer calls to keep its books and to report. */
static const char *const allowed_sanitized[] = {
  "mprotect", "futex", "sched_yield", "sigaltstack", "rt_sigaction", "rt_sigprocmask", "getpid",
  "gettid", "prlimit64", "lseek", "fstat", "sched_getaffinity", NULL
};

static const char *const failing_sanitized[] = {
  "open", "openat", "readlink", "readlinkat", "stat", "newfstatat", "access", "pipe", "pipe2", NULL
};

static void add(scmp_filter_ctx ctx, uint32_t action, const char *const *names) {
  for (; *names; names++) {
    int nr = seccomp_syscall_resolve_name(*names);
    int r = nr < 0 ? 0 : seccomp_rule_add(ctx, action, nr, 0);
    if (r < 0) die_step(*names, -r);
  }
}

static const int mmap_calls[] = {SCMP_SYS(mmap), SCMP_SYS(mmap2)};

/* Memory only: no file, nothing executable. */
static void add_mmap(scmp_filter_ctx ctx) {
  for (unsigned i = 0; i < 2; i++) {
    if (mmap_calls[i] < 0) continue;
    int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, mmap_calls[i], 2,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                             SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
    if (r < 0) die_step("allow mmap", -r);
  }
}

/* When the peer hears that its octets are here, and nothing else of a socket. */
static void add_quick_acknowledgement(scmp_filter_ctx ctx) {
  int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
                           SCMP_A1(SCMP_CMP_EQ, IPPROTO_TCP, 0),
                           SCMP_A2(SCMP_CMP_EQ, TCP_QUICKACK, 0));
  if (r < 0) die_step("allow TCP_QUICKACK", -r);
}

/* pthread_once() wakes those who might wait; with one thread nobody waits. */
static void add_wake(scmp_filter_ctx ctx) {
  int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(futex), 1,
                           SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, FUTEX_WAKE | FUTEX_PRIVATE_FLAG));
  if (r < 0) die_step("allow futex", -r);
}

/* Linux tries a new filter with every call's number, for a table of those that are
 * always allowed, until it looks at an argument.  That takes three quarters of the
 * time of loading it, and a talker makes a hundred calls: it looks at one first.  The
 * value is not used. */
static void print_delay_of_table(void) {
  printf("  {0x%04x, 0, 0, %zu},\n", BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]));
}

static void print(scmp_filter_ctx ctx, const char *name) {
  struct sock_filter f;
  FILE *file = tmpfile();
  if (!file) die_step("make a temporary file", errno);
  int r = seccomp_export_bpf(ctx, fileno(file));
  if (r < 0) die_step("export the filter", -r);
  rewind(file);
  printf("static const struct sock_filter %s[] = {\n", name);
  print_delay_of_table();
  while (fread(&f, sizeof f, 1, file) == 1)
    printf("  {0x%04x, %u, %u, 0x%08x},\n", f.code, f.jt, f.jf, f.k);
  printf("};\n");
  fclose(file);
}

static void make(const char *name, int sanitized, int openssl) {
  scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (!ctx) die_step("begin a filter", ENOMEM);
  int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (r < 0) die_step("refuse other architectures", -r);
  add(ctx, SCMP_ACT_ALLOW, allowed);
  add_mmap(ctx);
  add_quick_acknowledgement(ctx);
  if (openssl && !sanitized) {
    add(ctx, SCMP_ACT_ALLOW, allowed_openssl);
    add_wake(ctx);
  }
  if (sanitized) {
    add(ctx, SCMP_ACT_ALLOW, allowed_sanitized);
    add(ctx, SCMP_ACT_ERRNO(EACCES), failing_sanitized);
  }
  print(ctx, name);
  seccomp_release(ctx);
}

int main(void) {
  printf("/* made by sandbox_filter_gen; do not edit */\n#if SANDBOX_SANITIZED\n");
  make("sandbox_filter", 1, 0);
  make("sandbox_filter_openssl", 1, 1);
  printf("#else\n");
  make("sandbox_filter", 0, 0);
  make("sandbox_filter_openssl", 0, 1);
  printf("#endif\n");
  if (fflush(stdout) != 0) die_step("write", errno);
  return 0;
}
