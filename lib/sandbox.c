#include "config.h"
#include "lib/sandbox.h"
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "lib/sandbox_filter.h"

/* Landlock is younger than the headers of some systems that we build on. */
#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#endif
#ifndef __NR_landlock_add_rule
#define __NR_landlock_add_rule 445
#endif
#ifndef __NR_landlock_restrict_self
#define __NR_landlock_restrict_self 446
#endif

struct ruleset {
  uint64_t files, net, scoped;
};

enum { ABI_OF_KERNEL = 1 }; /* LANDLOCK_CREATE_RULESET_VERSION */

/* Every right that each version of the interface brought (landlock(7)). */
static const struct {
  long abi;
  struct ruleset rights;
} versions[] = {
  {1, {0x1fff, 0, 0}}, {2, {0x2000, 0, 0}}, {3, {0x4000, 0, 0}},
  {4, {0, 3, 0}},      {5, {0x8000, 0, 0}}, {6, {0, 0, 3}},
};

static struct ruleset rights_of(long abi) {
  struct ruleset all = {0};
  for (unsigned i = 0; i < sizeof versions / sizeof versions[0]; i++)
    if (versions[i].abi <= abi) {
      all.files |= versions[i].rights.files;
      all.net |= versions[i].rights.net;
      all.scoped |= versions[i].rights.scoped;
    }
  return all;
}

static long landlock_abi(void) {
  return syscall(__NR_landlock_create_ruleset, NULL, 0, ABI_OF_KERNEL);
}

bool sandbox_has_landlock(void) { return landlock_abi() >= 1; }

/* A kernel with filters looks for this one, and finds none. */
bool sandbox_has_seccomp(void) {
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) == -1 && errno == EFAULT;
}

/* LANDLOCK_RULE_NET_PORT, LANDLOCK_ACCESS_NET_CONNECT_TCP */
static long allow_connect(long ruleset, uint64_t port) {
  const struct {
    uint64_t access, port;
  } rule = {2, port};
  return syscall(__NR_landlock_add_rule, ruleset, 2, &rule, 0);
}

enum { WRITE = 1 << 1, READ = 1 << 2, LIST = 1 << 3, REMOVE = 1 << 5, MAKE = 1 << 8, REFER = 1 << 13, TRUNCATE = 1 << 14 };
enum { ALL_IN_FOLDER = WRITE | READ | LIST | REMOVE | MAKE | REFER | TRUNCATE };

/* What stays allowed: a TCP port to connect to, 0: none, or all of TCP; these rights
 * in a folder or to a file, -1: none. */
struct exception {
  unsigned port;
  int path;
  uint64_t rights;
  bool tcp;
};

/* LANDLOCK_RULE_PATH_BENEATH */
static long allow_path(long ruleset, uint64_t rights, int path) {
  const struct {
    uint64_t access;
    int32_t path;
  } __attribute__((packed)) rule = {rights, path};
  return syscall(__NR_landlock_add_rule, ruleset, 1, &rule, 0);
}

/* Landlock demands the first step, which is worth something without it, too. */
static int forbid(struct exception but) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) return -1;
  long abi = landlock_abi();
  if (abi < 1) return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -1;
  struct ruleset all = rights_of(abi);
  if (but.tcp) all.net = 0;
  /* an older kernel takes a longer struct whose end is zero */
  long fd = syscall(__NR_landlock_create_ruleset, &all, sizeof all, 0);
  if (fd == -1) return -1;
  long r = but.port && all.net ? allow_connect(fd, but.port) : 0;
  if (r == 0 && but.path != -1) r = allow_path(fd, all.files & but.rights, but.path);
  if (r == 0) r = syscall(__NR_landlock_restrict_self, fd, 0);
  int saved = errno;
  close((int)fd);
  errno = saved;
  return r == -1 ? -1 : 1;
}

int sandbox_forbid_files(void) { return forbid((struct exception){.path = -1}); }

int sandbox_forbid_files_but_connect(unsigned port) { return forbid((struct exception){.port = port, .path = -1}); }

int sandbox_forbid_files_outside(int folder) { return forbid((struct exception){.path = folder, .rights = ALL_IN_FOLDER}); }

int sandbox_forbid_files_but(int file) { return forbid((struct exception){.path = file, .rights = READ, .tcp = true}); }

int sandbox_forbid_cores(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

static int limit_to(__rlimit_resource_t what, uint64_t most) {
  const struct rlimit limit = {(rlim_t)most, (rlim_t)most};
  return setrlimit(what, &limit);
}

/* AddressSanitizer's books take terabytes of addresses. */
static int limit_memory(uint64_t octets) {
  return SANDBOX_SANITIZED || octets == 0 ? 0 : limit_to(RLIMIT_AS, octets);
}

static int limit_all(const struct sandbox *s) {
  uint64_t descriptors = s->descriptors_max ? s->descriptors_max : SANDBOX_DESCRIPTORS_MAX;
  if (limit_to(RLIMIT_NPROC, 0) == -1 || limit_to(RLIMIT_FSIZE, 0) == -1) return -1;
  if (limit_to(RLIMIT_CORE, 0) == -1 || limit_to(RLIMIT_NOFILE, descriptors) == -1) return -1;
  if (s->cpu_s && limit_to(RLIMIT_CPU, s->cpu_s) == -1) return -1;
  return limit_memory(s->memory_octets);
}

static int filter_calls(const struct sandbox *s) {
  struct sock_fprog program = {sizeof sandbox_filter / sizeof sandbox_filter[0],
                               (struct sock_filter *)(uintptr_t)sandbox_filter};
  if (s->openssl) {
    program.len = sizeof sandbox_filter_openssl / sizeof sandbox_filter_openssl[0];
    program.filter = (struct sock_filter *)(uintptr_t)sandbox_filter_openssl;
  }
  if (s->may_lack_seccomp && !sandbox_has_seccomp()) return 0;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

int sandbox_enter(struct sandbox *s) {
  s->step = "forbid new privileges";
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) return -1;
  s->step = "forbid files with Landlock";
  if (sandbox_forbid_files() == -1) return -1;
  s->step = "set resource limits";
  if (limit_all(s) == -1) return -1;
  s->step = "load the seccomp filter";
  return filter_calls(s);
}

static void close_from_to(unsigned first, unsigned last) {
  if (first > last || syscall(SYS_close_range, first, last, 0) == 0) return;
  long max = sysconf(_SC_OPEN_MAX);
  for (unsigned fd = first; fd <= last && fd < (unsigned long)max; fd++) close((int)fd);
}

/* The least descriptor of the list that is not below from, or -1. */
static int next_kept(const int *keep, unsigned count, unsigned from) {
  int best = -1;
  for (unsigned i = 0; i < count; i++)
    if (keep[i] >= 0 && (unsigned)keep[i] >= from && (best == -1 || keep[i] < best)) best = keep[i];
  return best;
}

void sandbox_close_others(const int *keep, unsigned count) {
  unsigned from = 0;
  for (int kept; (kept = next_kept(keep, count, from)) >= 0; from = (unsigned)kept + 1)
    if (kept > 0) close_from_to(from, (unsigned)kept - 1);
  close_from_to(from, UINT_MAX);
}
