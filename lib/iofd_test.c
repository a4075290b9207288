#include "config.h"
#include "lib/iofd.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/unittest.h"
#include "lib/unixsock.h"

static uint64_t started_us;
static void start(void) { started_us = clock_boot_us(&clock_system); }
static void assert_took_ms(uint64_t least) {
  uint64_t took = clock_boot_us(&clock_system) - started_us;
  assert_true(took >= least * 1000 && took < (least + 4000) * 1000);
}

static void converts_limits(void **state) {
  (void)state;
  assert_int_equal(io_limit_ms(0), 0);
  assert_int_equal(io_limit_ms(1200), 1200000);
  assert_int_equal(io_limit_ms(2147483), 2147483000);
  assert_int_equal(io_limit_ms(2147484), INT_MAX);
  assert_int_equal(io_limit_ms(UINT64_MAX), INT_MAX);
  assert_int_equal(io_remaining_ms(io_deadline(IO_FOREVER)), IO_FOREVER);
  assert_int_equal(io_remaining_ms(io_deadline(0)), 0);
  assert_in_range(io_remaining_ms(io_deadline(INT_MAX)), INT_MAX - 10000, INT_MAX);
}

static void waits_for_its_limit(void **state) {
  (void)state;
  int p[2];
  char octet;
  assert_int_equal(pipe(p), 0);
  start();
  assert_int_equal(io_wait(p[0], POLLIN, 40), -1);
  assert_int_equal(errno, ETIMEDOUT);
  assert_int_equal(io_read(p[0], &octet, 1, 40), -1);
  assert_int_equal(errno, ETIMEDOUT);
  assert_took_ms(80);
  close(p[1]);
  assert_int_equal(io_read(p[0], &octet, 1, IO_FOREVER), 0);
  close(p[0]);
}

static void nothing(int signal) { (void)signal; }

/* A timer that interrupts again and again must not start the limit afresh. */
static void interruptions_do_not_stretch_a_limit(void **state) {
  (void)state;
  struct sigaction act = {.sa_handler = nothing};
  struct itimerval often = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
  stralloc out = {0};
  int p[2];
  char octet;
  assert_int_equal(pipe(p), 0);
  sigaction(SIGALRM, &act, NULL);
  setitimer(ITIMER_REAL, &often, NULL);
  start();
  assert_int_equal(io_read(p[0], &octet, 1, 60), -1);
  assert_int_equal(errno, ETIMEDOUT);
  assert_int_equal(io_slurp(p[0], &out, 100, 60), -1);
  assert_int_equal(errno, ETIMEDOUT);
  setitimer(ITIMER_REAL, &never, NULL);
  assert_took_ms(120);
  close(p[0]);
  close(p[1]);
  stralloc_free(&out);
}

static void writing_to_a_reader_that_stalls_ends(int out, int in) {
  static char octets[1000000];
  start();
  assert_int_equal(io_write_all(out, octets, sizeof octets, 50), -1);
  assert_int_equal(errno, ETIMEDOUT);
  assert_took_ms(50);
  close(out);
  close(in);
}

static void a_limit_holds_on_blocking_descriptors(void **state) {
  (void)state;
  int p[2];
  assert_int_equal(pipe(p), 0);
  writing_to_a_reader_that_stalls_ends(p[1], p[0]);
  assert_int_equal(unixsock_pair(p), 0);
  writing_to_a_reader_that_stalls_ends(p[1], p[0]);
}

/* A child writes 300000 octets, slowly read, through each kind of descriptor. */
static void write_and_slurp(bool nonblocking, int limit_ms) {
  int p[2];
  stralloc out = {0};
  assert_int_equal(pipe(p), 0);
  if (nonblocking) assert_int_equal(io_set_nonblocking(p[1]), 0);
  if (nonblocking) assert_int_equal(io_set_nonblocking(p[0]), 0);
  pid_t pid = fork();
  if (pid == 0) {
    static char octets[300000];
    memset(octets, 'x', sizeof octets);
    _exit(io_write_all(p[1], octets, sizeof octets, limit_ms) == 0 ? 0 : 1);
  }
  close(p[1]);
  assert_int_equal(io_slurp(p[0], &out, 300000, limit_ms), 0);
  assert_int_equal(out.len, 300000);
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  close(p[0]);
  stralloc_free(&out);
}

static void writes_all_and_reads_all(void **state) {
  (void)state;
  write_and_slurp(false, IO_FOREVER);
  write_and_slurp(true, IO_FOREVER);
  write_and_slurp(false, 5000);
  write_and_slurp(true, 5000);
}

static int file_of(size_t octets) {
  int fd = memfd_create("test", MFD_CLOEXEC);
  for (size_t i = 0; i < octets; i++) assert_int_equal(write(fd, "x", 1), 1);
  lseek(fd, 0, SEEK_SET);
  return fd;
}

static void slurps_no_more_than_max(void **state) {
  (void)state;
  static const struct {
    size_t octets, max;
    int result;
  } cases[] = {{0, 0, 0}, {1, 0, -1}, {9, 10, 0}, {10, 10, 0}, {11, 10, -1}, {5000, 4999, -1}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    int fd = file_of(cases[i].octets);
    assert_true(stralloc_copys(&out, "before"));
    errno = 0;
    assert_int_equal(io_slurp(fd, &out, cases[i].max, IO_FOREVER), cases[i].result);
    assert_int_equal(errno, cases[i].result ? EFBIG : 0);
    assert_memory_equal(out.s, "before", 6);
    if (cases[i].result == 0) assert_int_equal(out.len, 6 + cases[i].octets);
    close(fd);
    stralloc_free(&out);
  }
}

static void slurps_a_file_by_its_name(void **state) {
  (void)state;
  stralloc out = {0};
  char path[40];
  int fd = file_of(10);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  assert_int_equal(io_slurp_file(path, &out, 10), 0);
  assert_int_equal(out.len, 10);
  assert_int_equal(io_slurp_file(path, &out, 9), -1);
  assert_int_equal(errno, EFBIG);
  assert_int_equal(io_slurp_at(AT_FDCWD, path, O_NOFOLLOW, &out, 10), -1);
  assert_int_equal(errno, ELOOP);
  close(fd);
  assert_int_equal(io_slurp_file(path, &out, 10), -1);
  assert_int_equal(errno, ENOENT);
  stralloc_free(&out);
}

static void a_path_lies_in_a_folder(void **state) {
  static const char *const cases[][2] = {{"a/b", "a/."}, {"b", "."}, {"/b", "/."}, {"./a/", "./a/."}, {"", "."}};
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    assert_int_equal(io_folder_of(&out, cases[i][0]), 0);
    assert_string_equal(out.s, cases[i][1]);
    stralloc_free(&out);
  }
  assert_int_equal(io_sync_above("/tmp/any"), 0);
  assert_int_equal(io_sync_above("/nowhere/any"), -1);
  assert_int_equal(errno, ENOENT);
}

static void a_file_that_is_too_short_is_an_error(void **state) {
  (void)state;
  char to[10];
  int fd = file_of(10);
  assert_int_equal(io_pread_all(fd, to, 10, 0), 0);
  assert_int_equal(io_pread_all(fd, to, 0, 10), 0);
  assert_int_equal(io_pread_all(fd, to, 10, 1), -1);
  assert_int_equal(errno, EIO);
  close(fd);
  assert_int_equal(io_pread_all(fd, to, 1, 0), -1);
  assert_int_equal(errno, EBADF);
}

static void sets_flags(void **state) {
  (void)state;
  int fd = dup(0);
  assert_int_equal(fcntl(fd, F_GETFD), 0);
  assert_int_equal(io_set_cloexec(fd), 0);
  assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
  close(fd);
  assert_int_equal(io_set_cloexec(fd), -1);
  assert_int_equal(io_set_nonblocking(fd), -1);
}

static void what_comes_by_a_pipe_is_kept(void **state) {
  (void)state;
  int p[2];
  char back[6] = {0};
  assert_int_equal(pipe(p), 0);
  assert_int_equal(write(p[1], "owls\n", 5), 5);
  close(p[1]);
  int fd = io_to_memory(p[0]);
  assert_true(fd >= 0);
  for (int i = 0; i < 2; i++) assert_int_equal(io_pread_all(fd, back, 5, 0), 0);
  assert_string_equal(back, "owls\n");
  assert_int_equal(io_pread_all(fd, back, 6, 0), -1);
  close(fd);
  close(p[0]);
  assert_int_equal(io_to_memory(-1), -1);
  assert_int_equal(errno, EBADF);
}

int main(void) {
  alarm(60); /* a limit that fails to hold shows as a death */
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(converts_limits),
    cmocka_unit_test(waits_for_its_limit),
    cmocka_unit_test(interruptions_do_not_stretch_a_limit),
    cmocka_unit_test(a_limit_holds_on_blocking_descriptors),
    cmocka_unit_test(writes_all_and_reads_all),
    cmocka_unit_test(slurps_no_more_than_max),
    cmocka_unit_test(slurps_a_file_by_its_name),
    cmocka_unit_test(a_path_lies_in_a_folder),
    cmocka_unit_test(a_file_that_is_too_short_is_an_error),
    cmocka_unit_test(sets_flags),
    cmocka_unit_test(what_comes_by_a_pipe_is_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
