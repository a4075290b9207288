#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "remote/deadlist.h"

static struct ip ip_of(const char *text) {
  struct ip ip;
  assert_true(ip_parse_literal(&ip, text_of(text), true));
  return ip;
}

static void what_was_added_is_there_until_its_time(void **state) {
  struct ip four = ip_of("192.0.2.1"), other = ip_of("192.0.2.2"), six = ip_of("2001:db8::1");
  struct deadlist d;
  int fd = deadlist_make();
  (void)state;
  assert_true(fd >= 0);
  deadlist_open(&d, fd);
  deadlist_add(&d, &four, 25, 1000);
  deadlist_add(&d, &six, 25, 2000);
  assert_true(deadlist_has(&d, &four, 25, 999));
  assert_false(deadlist_has(&d, &four, 25, 1000));
  assert_false(deadlist_has(&d, &four, 26, 999));
  assert_false(deadlist_has(&d, &other, 25, 999));
  assert_true(deadlist_has(&d, &six, 25, 1999));
  deadlist_remove(&d, &other, 25);
  deadlist_remove(&d, &six, 25);
  assert_false(deadlist_has(&d, &six, 25, 0));
  assert_true(deadlist_has(&d, &four, 25, 999));
  deadlist_close(&d);
  close(fd);
}

static void processes_share_it(void **state) {
  struct ip ip = ip_of("192.0.2.1");
  struct deadlist d;
  int status, fd = deadlist_make();
  (void)state;
  pid_t pid = fork();
  if (pid == 0) {
    deadlist_open(&d, fd);
    deadlist_add(&d, &ip, 25, 1000);
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  deadlist_open(&d, fd);
  assert_true(deadlist_has(&d, &ip, 25, 1));
  deadlist_close(&d);
  close(fd);
}

static void children_do_not_have_it(void **state) {
  struct deadlist d;
  int status, fd = deadlist_make();
  (void)state;
  assert_int_equal(fcntl(fd, F_SETFD, 0), 0);
  deadlist_open(&d, fd);
  assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
  assert_int_equal(msync(d.entries, 1, MS_ASYNC), 0);
  pid_t pid = fork();
  if (pid == 0) _exit(msync(d.entries, 1, MS_ASYNC) == -1 && errno == ENOMEM ? 0 : 1);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  deadlist_close(&d);
  close(fd);
}

/* 70,000 addresses: it keeps what fits, and never says what it was not told. */
static void a_full_list_forgets(void **state) {
  struct deadlist d;
  int fd = deadlist_make();
  size_t kept = 0;
  (void)state;
  deadlist_open(&d, fd);
  for (unsigned i = 0; i < 70000; i++) {
    struct ip ip = {AF_INET, {10, (unsigned char)(i >> 16), (unsigned char)(i >> 8), (unsigned char)i}};
    deadlist_add(&d, &ip, 25, 1000 + i);
    assert_true(deadlist_has(&d, &ip, 25, 1));
  }
  for (unsigned i = 0; i < 70000; i++) {
    struct ip ip = {AF_INET, {10, (unsigned char)(i >> 16), (unsigned char)(i >> 8), (unsigned char)i}};
    struct ip never = {AF_INET, {11, (unsigned char)(i >> 16), (unsigned char)(i >> 8), (unsigned char)i}};
    kept += deadlist_has(&d, &ip, 25, 1);
    assert_false(deadlist_has(&d, &never, 25, 1));
  }
  assert_in_range(kept, 2000, 4096);
  deadlist_close(&d);
  close(fd);
}

static void without_a_list_nothing_is_known(void **state) {
  struct ip ip = ip_of("192.0.2.1");
  struct deadlist d;
  int pipes[2];
  (void)state;
  assert_int_equal(pipe(pipes), 0);
  const int fds[] = {-1, pipes[0]};
  for (size_t i = 0; i < 2; i++) {
    deadlist_open(&d, fds[i]);
    deadlist_add(&d, &ip, 25, 1000);
    assert_false(deadlist_has(&d, &ip, 25, 1));
    deadlist_close(&d);
  }
  close(pipes[0]);
  close(pipes[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_added_is_there_until_its_time),
                                     cmocka_unit_test(processes_share_it),
                                     cmocka_unit_test(children_do_not_have_it),
                                     cmocka_unit_test(a_full_list_forgets),
                                     cmocka_unit_test(without_a_list_nothing_is_known)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
