/* Addresses of loopback: one that listens, one that refuses, and one that does
 * not answer, because nobody takes the connections that wait there. */
#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "lib/bigendian.h"
#include "lib/iofd.h"
#include "remote/deadlist.h"
#include "remote/race.h"

enum { LISTENS = 2, REFUSES = 3, SILENT = 4, FILLERS = 4, TIMEOUT_S = 30 };

static unsigned port;
static const struct sources *sources;
static const struct attempts *attempts;
static int listener, silent, fillers[FILLERS];
static size_t failures;
static int last_error;
static unsigned char last_failed;

static struct walk_target target(unsigned char last) {
  return (struct walk_target){.host = text_of("host.test"), .ip = {AF_INET, {127, 0, 0, last}}};
}

static int listen_at(unsigned char last, int backlog) {
  struct walk_target t = target(last);
  struct sockaddr_storage a;
  socklen_t len = ip_to_sockaddr(&a, &t.ip, port);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(fd, (struct sockaddr *)&a, len) == -1 || listen(fd, backlog) == -1) return -1;
  if (getsockname(fd, (struct sockaddr *)&a, &len) == -1) return -1;
  port = get_u16((const char *)&a + 2);
  return fd;
}

static int begin(void **state) {
  struct walk_target t = target(SILENT);
  struct sockaddr_storage a;
  (void)state;
  listener = listen_at(LISTENS, 8);
  silent = listen_at(SILENT, 0);
  if (listener == -1 || silent == -1) return -1;
  socklen_t len = ip_to_sockaddr(&a, &t.ip, port);
  for (size_t i = 0; i < FILLERS; i++) {
    fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)!connect(fillers[i], (struct sockaddr *)&a, len);
  }
  return 0;
}

static int end(void **state) {
  (void)state;
  close(listener);
  close(silent);
  for (size_t i = 0; i < FILLERS; i++) close(fillers[i]);
  return 0;
}

static void failed(void *context, const struct walk_target *t, int error) {
  (void)context;
  failures++;
  last_error = error;
  last_failed = t->ip.octets[3];
}

/* The last octet of the winner, or 0. */
static unsigned run(struct walk_target *targets, size_t count, unsigned timeout_s, int watched) {
  const struct race r = {port, timeout_s, watched, sources, attempts, failed, NULL};
  const struct walk_target *winner = NULL;
  failures = 0;
  int fd = race_run(&r, targets, count, &winner);
  if (fd == -1) return 0;
  close(fd);
  return winner->ip.octets[3];
}

static void the_first_is_taken(void **state) {
  struct walk_target t[] = {target(LISTENS), target(REFUSES)};
  (void)state;
  assert_int_equal(run(t, 2, TIMEOUT_S, -1), LISTENS);
  assert_int_equal(failures, 0);
  assert_true(t[0].used);
  assert_false(t[1].used);
}

static void a_refusal_starts_the_next(void **state) {
  struct walk_target t[] = {target(REFUSES), target(LISTENS)};
  (void)state;
  assert_int_equal(run(t, 2, TIMEOUT_S, -1), LISTENS);
  assert_int_equal(failures, 1);
  assert_int_equal(last_error, ECONNREFUSED);
  assert_int_equal(last_failed, REFUSES);
  assert_true(t[0].used && t[1].used);
}

static void silence_starts_the_next_and_may_be_tried_again(void **state) {
  struct walk_target t[] = {target(SILENT), target(LISTENS)};
  uint64_t limit = io_deadline(TIMEOUT_S * 1000);
  (void)state;
  assert_int_equal(run(t, 2, 2 * TIMEOUT_S, -1), LISTENS);
  assert_true(io_remaining_ms(limit) > 0);
  assert_int_equal(failures, 0);
  assert_false(t[0].used);
}

static void what_is_used_is_passed_over(void **state) {
  struct walk_target t[] = {target(LISTENS), target(REFUSES)};
  (void)state;
  t[0].used = true;
  assert_int_equal(run(t, 2, TIMEOUT_S, -1), 0);
  assert_int_equal(failures, 1);
}

/* More than may run at one time, and more than two in one network: each has its turn. */
static void all_are_silent(void **state) {
  struct walk_target t[] = {target(SILENT), target(SILENT), target(SILENT)};
  (void)state;
  assert_int_equal(run(t, 3, 1, -1), 0);
  assert_int_equal(failures, 3);
  assert_int_equal(last_error, ETIMEDOUT);
}

static void nobody_is_there(void **state) {
  (void)state;
  assert_int_equal(run(NULL, 0, TIMEOUT_S, -1), 0);
}

static void who_watches_is_gone(void **state) {
  struct walk_target t[] = {target(SILENT)};
  int pair[2];
  (void)state;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  close(pair[1]);
  assert_int_equal(run(t, 1, TIMEOUT_S, pair[0]), 0);
  assert_int_equal(errno, EPIPE);
  assert_int_equal(failures, 0);
  close(pair[0]);
}

static void it_comes_from_its_source(void **state) {
  const struct sources from = {{{AF_INET, {127, 0, 0, 77}}}, 1}, of_nobody = {{{AF_INET, {192, 0, 2, 1}}}, 1};
  struct walk_target t[] = {target(LISTENS)};
  struct sockaddr_storage a;
  socklen_t len = sizeof a;
  struct ip peer;
  (void)state;
  sources = &from;
  assert_int_equal(run(t, 1, TIMEOUT_S, -1), LISTENS);
  do {
    int fd = accept(listener, (struct sockaddr *)&a, &len);
    assert_true(fd >= 0 && ip_from_sockaddr(&peer, (struct sockaddr *)&a));
    close(fd);
  } while (peer.octets[3] != 77); /* those of other tests wait there, too */
  sources = &of_nobody;
  t[0].used = false;
  assert_int_equal(run(t, 1, TIMEOUT_S, -1), 0);
  assert_int_equal(last_error, EADDRNOTAVAIL);
  sources = NULL;
}

/* Another sender has the one permit, until it hears that it is enough. */
static pid_t other_sender(const struct attempts *a, int enough[2]) {
  struct walk_target t = target(LISTENS);
  int ready[2];
  char c;
  assert_int_equal(pipe(ready), 0);
  assert_int_equal(pipe(enough), 0);
  pid_t pid = fork();
  if (pid == 0) {
    struct permit p;
    close(enough[1]);
    if (!attempts_take(a, &t.ip, NULL, 0, &p)) _exit(1);
    (void)!write(ready[1], "x", 1);
    (void)!read(enough[0], &c, 1);
    _exit(0);
  }
  close(ready[1]);
  assert_int_equal(read(ready[0], &c, 1), 1);
  close(ready[0]);
  close(enough[0]);
  return pid;
}

static void others_leave_no_room(void **state) {
  const struct attempts one = {deadlist_make(), 1, 0};
  struct walk_target t[] = {target(LISTENS)};
  int enough[2];
  (void)state;
  pid_t pid = other_sender(&one, enough);
  attempts = &one;
  assert_int_equal(run(t, 1, 1, -1), 0);
  assert_int_equal(last_error, EBUSY);
  assert_true(t[0].used);
  t[0].used = false;
  close(enough[1]);
  assert_int_equal(run(t, 1, TIMEOUT_S, -1), LISTENS);
  assert_int_equal(run(t, 1, TIMEOUT_S, -1), 0); /* it is used */
  t[0].used = false;
  assert_int_equal(run(t, 1, TIMEOUT_S, -1), LISTENS); /* and its permit was given back */
  assert_int_equal(waitpid(pid, NULL, 0), pid);
  attempts = NULL;
  close(one.fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_first_is_taken), cmocka_unit_test(a_refusal_starts_the_next),
    cmocka_unit_test(silence_starts_the_next_and_may_be_tried_again),
    cmocka_unit_test(what_is_used_is_passed_over), cmocka_unit_test(all_are_silent),
    cmocka_unit_test(nobody_is_there), cmocka_unit_test(it_comes_from_its_source),
    cmocka_unit_test(others_leave_no_room), cmocka_unit_test(who_watches_is_gone)};
  return cmocka_run_group_tests(tests, begin, end);
}
