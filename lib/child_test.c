#include "config.h"
#include "lib/child.h"
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/iowait.h"
#include "lib/unittest.h"

enum { LIMIT_MS = 10000 };

static int held; /* one end of a pipe, which tells when all who hold it are gone */

static void end_by_itself(void) { _exit(7); }
static void end_by_signal(void) { raise(SIGKILL); }
static void stay(void) {
  setsid();
  if (fork() >= 0)
    for (;;) pause();
}

static pid_t start(void (*what)(void)) {
  int pipes[2];
  assert_int_equal(pipe(pipes), 0);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    close(pipes[0]);
    what();
    _exit(1);
  }
  close(pipes[1]);
  held = pipes[0];
  return pid;
}

static void all_are_gone(void) {
  char c;
  assert_int_equal(read(held, &c, 1), 0);
  close(held);
}

static void says_how_it_ended(void **state) {
  (void)state;
  assert_int_equal(child_await(start(end_by_itself), LIMIT_MS, -1), 7);
  all_are_gone();
  assert_int_equal(child_await(start(end_by_itself), IO_FOREVER, -1), 7);
  all_are_gone();
  assert_int_equal(child_await(start(end_by_signal), LIMIT_MS, -1), CHILD_NO_CODE);
  all_are_gone();
}

static void ends_who_takes_too_long(void **state) {
  (void)state;
  assert_int_equal(child_await(start(stay), 50, -1), CHILD_NO_CODE);
  all_are_gone();
}

static void ends_it_when_who_asked_has_gone(void **state) {
  int pair[2];
  (void)state;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  assert_int_equal(child_await(start(end_by_itself), IO_FOREVER, pair[0]), 7);
  all_are_gone();
  close(pair[1]);
  assert_int_equal(child_await(start(stay), IO_FOREVER, pair[0]), CHILD_NO_CODE);
  close(pair[0]);
  all_are_gone();
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(says_how_it_ended),
    cmocka_unit_test(ends_who_takes_too_long),
    cmocka_unit_test(ends_it_when_who_asked_has_gone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
