#include "config.h"
#include "remote/attempts.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/unittest.h"
#include "remote/deadlist.h"

enum { PER_IP = 2, PER_NETWORK = 3 };

static struct ip ip_of(unsigned char network, unsigned char host) {
  return (struct ip){AF_INET, {10, 0, network, host}};
}

/* A process that has n permits for the address, until it is ended. */
static pid_t holder(const struct attempts *a, struct ip ip, size_t n) {
  int ready[2];
  char c;
  assert_int_equal(pipe(ready), 0);
  pid_t pid = fork();
  if (pid == 0) {
    struct permit p[8];
    for (size_t i = 0; i < n; i++)
      if (!attempts_take(a, &ip, p, i, &p[i])) _exit(1);
    (void)!write(ready[1], "x", 1);
    for (;;) pause();
  }
  close(ready[1]);
  assert_int_equal(read(ready[0], &c, 1), 1);
  close(ready[0]);
  return pid;
}

static void end(pid_t pid) {
  kill(pid, SIGKILL);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void others_count_until_they_end(void **state) {
  struct attempts a = {deadlist_make(), PER_IP, PER_NETWORK};
  struct ip ip = ip_of(1, 1), neighbour = ip_of(1, 2), third = ip_of(1, 3), elsewhere = ip_of(2, 1);
  struct permit p;
  (void)state;
  pid_t one = holder(&a, ip, PER_IP);
  assert_false(attempts_take(&a, &ip, NULL, 0, &p));
  assert_true(attempts_take(&a, &elsewhere, NULL, 0, &p));
  attempts_give_back(&a, &p);
  pid_t other = holder(&a, neighbour, 1);
  assert_false(attempts_take(&a, &third, NULL, 0, &p)); /* the network is full */
  end(other);
  assert_true(attempts_take(&a, &third, NULL, 0, &p));
  attempts_give_back(&a, &p);
  end(one);
  assert_true(attempts_take(&a, &ip, NULL, 0, &p));
  attempts_give_back(&a, &p);
  close(a.fd);
}

static void own_ones_count_too(void **state) {
  struct attempts a = {deadlist_make(), PER_IP, PER_NETWORK};
  struct ip ip = ip_of(1, 1);
  struct permit p[3];
  (void)state;
  assert_true(attempts_take(&a, &ip, p, 0, &p[0]));
  assert_true(attempts_take(&a, &ip, p, 1, &p[1]));
  assert_false(attempts_take(&a, &ip, p, 2, &p[2]));
  attempts_give_back(&a, &p[0]);
  assert_true(attempts_take(&a, &ip, p + 1, 1, &p[2]));
  close(a.fd);
}

static void without_limits_nothing_is_counted(void **state) {
  struct attempts none = {-1, 1, 1}, unlimited = {deadlist_make(), 0, 0};
  struct ip ip = ip_of(1, 1);
  struct permit p[2];
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    assert_true(attempts_take(&none, &ip, p, i, &p[i]));
    assert_true(attempts_take(&unlimited, &ip, p, i, &p[i]));
  }
  close(unlimited.fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(others_count_until_they_end),
                                     cmocka_unit_test(own_ones_count_too),
                                     cmocka_unit_test(without_limits_nothing_is_counted)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
