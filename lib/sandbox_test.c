#include "config.h"
#include "lib/sandbox.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "lib/frame.h"
#include "lib/unixsock.h"

static const struct frame_protocol protocol = {'t', 1, 100};
enum { MEMORY_OCTETS = 256 * 1024 * 1024, CPU_S = 1 };
static int pair[2], file;

/* Each returns 0 when what it tried went well. */
static int try_open(void) { return open("/etc/passwd", O_RDONLY) >= 0 ? 0 : 1; }
static int try_socket(void) { return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 1; }
static int try_connect(void) { return connect(pair[0], NULL, 0) == 0 ? 0 : 1; }
static int try_exec(void) { return execl("/bin/true", "true", (char *)NULL) ? 1 : 0; }
static int try_fork(void) { return fork() >= 0 ? 0 : 1; }
static int try_kill(void) { return kill(getppid(), 0) == 0 ? 0 : 1; }
static int try_ptrace(void) { return syscall(SYS_ptrace, 0, 0, 0, 0) == 0 ? 0 : 1; }
static int try_unlink(void) { return unlink("/nonexistent") == 0 ? 0 : 1; }
static int try_fcntl(void) { return fcntl(pair[0], F_GETFL) >= 0 ? 0 : 1; }
static int try_x32(void) { return syscall(0x40000000 + 1, 1, "", 0) == 0 ? 0 : 1; }
static int try_code(void) {
  return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED
           ? 0
           : 1;
}
static int try_map_file(void) {
  return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0) != MAP_FAILED ? 0 : 1;
}

/* A Unix socket has no such options; that it says so is enough. */
static int set_option(int level, int option) {
  int on = 1;
  return setsockopt(pair[0], level, option, &on, sizeof on) == -1 && errno == EOPNOTSUPP ? 0 : 1;
}
static int try_acknowledge(void) { return set_option(IPPROTO_TCP, TCP_QUICKACK); }
static int try_tcp_option(void) { return set_option(IPPROTO_TCP, TCP_NODELAY); }
static int try_socket_option(void) { return set_option(SOL_SOCKET, TCP_QUICKACK); }

static int try_io(void) {
  char c[2];
  if (write(pair[0], "ab", 2) != 2 || read(pair[1], c, 1) != 1)
    return 1;
  if (pread(file, c, 2, 0) != 2 || memcmp(c, "ro", 2) != 0) return 2;
  return shutdown(pair[0], SHUT_WR) == 0 && close(pair[1]) == 0 ? 0 : 3;
}

static int try_memory(void) {
  size_t size = 10;
  char *p = malloc(size);
  while (p && size < 64u * 1024 * 1024) {
    memset(p, 1, size);
    size *= 10;
    p = realloc(p, size);
  }
  if (!p) return 1;
  free(p);
  return 0;
}

static int try_clock(void) {
  struct timespec t;
  struct pollfd p = {pair[0], POLLOUT, 0};
  if (clock_gettime(CLOCK_BOOTTIME, &t) == -1 || clock_gettime(CLOCK_REALTIME, &t) == -1) return 1;
  if (syscall(SYS_clock_gettime, CLOCK_REALTIME, &t) == -1) return 2; /* without the vDSO */
  return poll(&p, 1, 10) == 1 && ppoll(&p, 1, NULL, NULL) == 1 ? 0 : 3;
}

static int try_frames(void) {
  struct frame_reader r = {.protocol = &protocol};
  struct frame f;
  char c[2];
  if (frame_send(pair[0], &protocol, 1, text_of("x"), file, 1000) == -1) return 1;
  if (frame_receive(&r, pair[1], &f, 1000) != FRAME_READY || f.fd < 0) return 2;
  if (pread(f.fd, c, 2, 0) != 2) return 3;
  frame_reader_free(&r);
  return close(f.fd);
}

static void renew_pair(void) {
  close(pair[0]);
  close(pair[1]);
  assert_int_equal(unixsock_pair(pair), 0);
}

/* The wait status of a child that shuts itself in and tries. */
static int status_of(int (*try)(void)) {
  int status;
  struct sandbox box = {.memory_octets = MEMORY_OCTETS, .cpu_s = CPU_S};
  fflush(NULL);
  renew_pair();
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    if (sandbox_enter(&box) == -1) _exit(99);
    _exit(try());
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return status;
}

static void assert_lives(int (*try)(void)) {
  int status = status_of(try);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void assert_dies(int (*try)(void)) {
  int status = status_of(try);
  assert_true(WIFSIGNALED(status));
  assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void allowed_calls_live(void **state) {
  (void)state;
  assert_lives(try_io);
  assert_lives(try_memory);
  assert_lives(try_clock);
  assert_lives(try_frames);
  assert_lives(try_acknowledge);
}

static void other_calls_die(void **state) {
  (void)state;
  assert_dies(try_socket);
  assert_dies(try_connect);
  assert_dies(try_exec);
  assert_dies(try_fork);
  assert_dies(try_kill);
  assert_dies(try_ptrace);
  assert_dies(try_unlink);
  assert_dies(try_fcntl);
  assert_dies(try_x32);
  assert_dies(try_code);
  assert_dies(try_map_file);
  assert_dies(try_tcp_option);
  assert_dies(try_socket_option);
}

/* With arguments of zero: none of these gets as far as to look at them. */
#define CALL(name) {#name, SYS_##name}
static const struct {
  const char *name;
  long number;
} forbidden[] = {
  CALL(openat2), CALL(open_by_handle_at), CALL(memfd_create), CALL(linkat), CALL(renameat2),
  CALL(mkdirat), CALL(symlinkat), CALL(fchmodat), CALL(fchownat), CALL(ftruncate), CALL(chdir),
  CALL(chroot), CALL(mount), CALL(umount2), CALL(mknodat), CALL(getdents64), CALL(inotify_init1),
  CALL(bind), CALL(listen), CALL(accept4), CALL(socketpair), CALL(setsockopt), CALL(sendto),
  CALL(recvfrom), CALL(sendmmsg), CALL(execveat), CALL(clone), CALL(clone3), CALL(unshare),
  CALL(setns), CALL(tgkill), CALL(rt_sigqueueinfo), CALL(pidfd_open), CALL(pidfd_getfd),
  CALL(process_vm_readv), CALL(process_vm_writev), CALL(kcmp), CALL(setuid), CALL(setgid),
  CALL(setgroups), CALL(setresuid), CALL(capset), CALL(prctl), CALL(seccomp), CALL(keyctl),
  CALL(add_key), CALL(bpf), CALL(perf_event_open), CALL(io_uring_setup), CALL(io_setup),
  CALL(userfaultfd), CALL(shmget), CALL(msgget), CALL(semget), CALL(mq_open), CALL(ioctl),
  CALL(dup), CALL(eventfd2), CALL(epoll_create1), CALL(signalfd4), CALL(timerfd_create),
  CALL(timer_create), CALL(setitimer), CALL(setpriority), CALL(sched_setscheduler),
  CALL(clock_settime), CALL(sethostname), CALL(reboot), CALL(init_module), CALL(kexec_load),
  CALL(swapon), CALL(acct), CALL(quotactl), CALL(personality), CALL(splice), CALL(sendfile),
  CALL(pwrite64), CALL(fallocate), CALL(readv), CALL(writev), CALL(waitid), CALL(uname),
};
static long call_number;

static int try_call(void) { return syscall(call_number, 0, 0, 0, 0, 0, 0) == 0 ? 0 : 1; }

static void every_forbidden_call_dies(void **state) {
  (void)state;
  for (unsigned i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
    call_number = forbidden[i].number;
    int status = status_of(try_call);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
      fail_msg("%s: wait status 0x%x", forbidden[i].name, (unsigned)status);
  }
}

static int try_too_much_memory(void) {
  char *p = malloc(MEMORY_OCTETS);
  int refused = !p && errno == ENOMEM;
  free(p);
  return refused ? 0 : 1;
}

static void memory_has_a_limit(void **state) {
  (void)state;
  if (SANDBOX_SANITIZED) skip(); /* its books have no room under a limit */
  assert_lives(try_too_much_memory);
}

static int try_computing(void) {
  for (;;) __asm__ volatile("");
  return 0;
}

/* A kernel whose limit is hard and soft at once ends with SIGKILL. */
static void computing_has_a_limit(void **state) {
  (void)state;
  int status = status_of(try_computing);
  assert_true(WIFSIGNALED(status));
  assert_true(WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL);
}

static void opening_a_file_dies(void **state) {
  (void)state;
  int status = status_of(try_open);
  if (SANDBOX_SANITIZED) assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
  else assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static int try_waiting(void) {
  char c;
  if (write(pair[0], "r", 1) != 1) return 1;
  return read(pair[0], &c, 1) == 1 ? 0 : 1;
}

static void read_proc(pid_t pid, const char *name, char *to, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  ssize_t n = read(fd, to, size - 1);
  assert_true(n > 0);
  to[n] = 0;
  close(fd);
}

/* "NAME   SOFT   HARD": the line must be there and say limit twice. */
static void assert_limited(const char *limits, const char *name, unsigned long limit) {
  unsigned long soft = 1, hard = 1;
  const char *line = strstr(limits, name);
  assert_non_null(line);
  assert_int_equal(sscanf(line + strlen(name), " %lu %lu", &soft, &hard), 2);
  assert_int_equal(soft, limit);
  assert_int_equal(hard, limit);
}

static void the_kernel_confirms_it(void **state) {
  char text[4096], c;
  struct sandbox box = {.memory_octets = MEMORY_OCTETS, .cpu_s = CPU_S};
  (void)state;
  renew_pair();
  pid_t pid = fork();
  if (pid == 0) _exit(sandbox_enter(&box) == 0 ? try_waiting() : 99);
  assert_int_equal(read(pair[1], &c, 1), 1);
  read_proc(pid, "status", text, sizeof text);
  assert_non_null(strstr(text, "NoNewPrivs:\t1"));
  assert_non_null(strstr(text, "Seccomp:\t2"));
  read_proc(pid, "limits", text, sizeof text);
  assert_limited(text, "Max processes", 0);
  assert_limited(text, "Max file size", 0);
  assert_limited(text, "Max cpu time", CPU_S);
  if (!SANDBOX_SANITIZED) assert_limited(text, "Max address space", MEMORY_OCTETS);
  assert_limited(text, "Max core file size", 0);
  assert_limited(text, "Max open files", SANDBOX_DESCRIPTORS_MAX);
  assert_int_equal(write(pair[1], "x", 1), 1);
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The child exits with 0, or with 77 where the kernel cannot do it. */
static void assert_well_or_skip(pid_t pid, const char *why) {
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) {
    printf("SKIP: %s\n", why);
    skip();
  }
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void landlock_forbids_files(void **state) {
  (void)state;
  pid_t pid = fork();
  if (pid == 0) {
    int r = sandbox_forbid_files();
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) _exit(99);
    if (r == 0) _exit(77);
    _exit(r == 1 && open("/etc/passwd", O_RDONLY) == -1 && errno == EACCES ? 0 : 1);
  }
  assert_well_or_skip(pid, "this kernel has no Landlock");
}

/* EACCES and not ECONNREFUSED: older kernels' Landlock knows no network. */
static void landlock_allows_one_port(void **state) {
  (void)state;
  pid_t pid = fork();
  if (pid == 0) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (s == -1) _exit(99);
    if (sandbox_forbid_files_but_connect(1) == 0) _exit(77);
    if (open("/etc/passwd", O_RDONLY) != -1 || errno != EACCES) _exit(1);
    if (connect(s, (struct sockaddr *)&to, sizeof to) == -1 && errno != ECONNREFUSED) _exit(2);
    to.sin_port = htons(2);
    _exit(connect(s, (struct sockaddr *)&to, sizeof to) == -1 && errno == EACCES ? 0 : 77);
  }
  assert_well_or_skip(pid, "this kernel's Landlock does not tell ports apart");
}

static int only_the_file_is_left(void) {
  int fd = open("/etc/passwd", O_PATH);
  if (fd == -1) return 99;
  if (sandbox_forbid_files_but(fd) == 0) return 77;
  if (open("/etc/group", O_RDONLY) != -1 || errno != EACCES) return 1;
  return open("/etc/passwd", O_RDONLY) != -1 && open("/etc/passwd", O_WRONLY) == -1 ? 0 : 2;
}

static void landlock_keeps_a_file(void **state) {
  (void)state;
  pid_t pid = fork();
  if (pid == 0) _exit(only_the_file_is_left());
  assert_well_or_skip(pid, "this kernel has no Landlock");
}

static int only_the_folder_is_left(const char *folder) {
  int fd = open(folder, O_RDONLY | O_DIRECTORY);
  if (fd == -1) return 99;
  if (sandbox_forbid_files_outside(fd) == 0) return 77;
  if (open("/etc/passwd", O_RDONLY) != -1 || errno != EACCES) return 1;
  int made = openat(fd, "file", O_RDWR | O_CREAT, 0600);
  if (made == -1 || write(made, "x", 1) != 1) return 2;
  if (renameat(fd, "file", fd, "other") == -1 || unlinkat(fd, "other", 0) == -1) return 3;
  return mkdirat(fd, "folder", 0700) == -1 && errno == EACCES ? 0 : 4;
}

static void landlock_keeps_a_folder(void **state) {
  char folder[] = "/tmp/owlpost-test.XXXXXX";
  (void)state;
  assert_non_null(mkdtemp(folder));
  pid_t pid = fork();
  if (pid == 0) _exit(only_the_folder_is_left(folder));
  siginfo_t ended;
  assert_int_equal(waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT), 0);
  assert_int_equal(rmdir(folder), 0);
  assert_well_or_skip(pid, "this kernel has no Landlock");
}

static int others_are_closed(void) {
  int keep[] = {dup2(file, 300), file, -1, 0};
  sandbox_close_others(keep, 4);
  for (int fd = 0; fd < 1024; fd++) {
    int open_now = fcntl(fd, F_GETFD) != -1;
    if (open_now != (fd == 0 || fd == file || fd == 300)) return 1;
  }
  return 0;
}

static void close_others_keeps_the_list_only(void **state) {
  int status;
  (void)state;
  pid_t pid = fork();
  if (pid == 0) _exit(others_are_closed());
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int set_up(void **state) {
  (void)state;
  file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
  return file >= 0 && unixsock_pair(pair) == 0 ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(allowed_calls_live),     cmocka_unit_test(other_calls_die),
    cmocka_unit_test(every_forbidden_call_dies), cmocka_unit_test(memory_has_a_limit),
    cmocka_unit_test(computing_has_a_limit),
    cmocka_unit_test(opening_a_file_dies),    cmocka_unit_test(the_kernel_confirms_it),
    cmocka_unit_test(landlock_forbids_files), cmocka_unit_test(landlock_allows_one_port), cmocka_unit_test(landlock_keeps_a_folder), cmocka_unit_test(landlock_keeps_a_file), cmocka_unit_test(close_others_keeps_the_list_only),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
