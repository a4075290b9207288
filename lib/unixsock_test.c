#include "config.h"
#include "lib/unixsock.h"
#include <errno.h>
#include <sys/socket.h>
#include "lib/testfolder.h"

static void a_client_reaches_the_listener(const char *path) {
  unsigned before = open_descriptors();
  struct stat st;
  int listener = unixsock_listen(path, 0660, 5);
  assert_true(listener >= 0);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 07777, 0660);
  int client = unixsock_connect(path);
  assert_true(client >= 0);
  assert_int_equal(fcntl(listener, F_GETFD) & fcntl(client, F_GETFD), FD_CLOEXEC);
  int server = accept(listener, NULL, NULL);
  char octet = 0;
  assert_int_equal(write(client, "x", 1), 1);
  assert_int_equal(read(server, &octet, 1), 1);
  close(listener);
  close(client);
  close(server);
  assert_int_equal(open_descriptors(), before);
}

static void listens_and_connects(void **state) {
  (void)state;
  mode_t old = umask(077);
  a_client_reaches_the_listener(test_path("socket"));
  assert_int_equal(umask(old), 077);
}

static void paths_may_be_long(void **state) {
  (void)state;
  char folder[400], path[420];
  assert_int_equal(mkdir(test_path("deep"), 0755), 0);
  snprintf(folder, sizeof folder, "%s/deep/%0200d", test_folder, 7);
  assert_int_equal(mkdir(folder, 0755), 0);
  snprintf(path, sizeof path, "%s/socket", folder);
  a_client_reaches_the_listener(path);
  unlink(path);
  rmdir(folder);
}

static void names_that_cannot_fit_are_errors(void **state) {
  (void)state;
  unsigned before = open_descriptors();
  char path[512];
  snprintf(path, sizeof path, "%s/%0200d", test_folder, 7);
  assert_int_equal(unixsock_connect(path), -1);
  assert_int_equal(errno, ENAMETOOLONG);
  assert_int_equal(unixsock_listen(path, 0600, 1), -1);
  char folder[PATH_MAX];
  snprintf(folder, sizeof folder, "%0*d", PATH_MAX - (int)sizeof "/tls/socket", 7);
  assert_int_equal(unixsock_connect_in(folder, "tls", UNIXSOCK_CONNECT_MS), -1);
  assert_int_equal(errno, ENAMETOOLONG);
  snprintf(path, sizeof path, "%0200d", 7);
  assert_int_equal(unixsock_connect(path), -1);
  assert_int_equal(errno, ENAMETOOLONG);
  assert_int_equal(unixsock_connect(test_path("nothing")), -1);
  assert_int_equal(errno, ENOENT);
  assert_int_equal(open_descriptors(), before);
}

static void a_socket_left_over_is_replaced_and_one_in_use_is_not(void **state) {
  (void)state;
  int first = unixsock_listen(test_path("socket"), 0600, 1);
  assert_true(first >= 0);
  assert_int_equal(unixsock_listen(test_path("socket"), 0600, 1), -1);
  assert_int_equal(errno, EADDRINUSE);
  close(first);
  int second = unixsock_listen(test_path("socket"), 0600, 1);
  assert_true(second >= 0);
  close(second);
}

static void other_files_are_left_alone(void **state) {
  (void)state;
  test_write("precious", TEXT("content"), 0600);
  assert_int_equal(unixsock_listen(test_path("precious"), 0600, 1), -1);
  assert_int_equal(errno, EADDRINUSE);
  assert_int_equal(access(test_path("precious"), F_OK), 0);
}

/* A listener that has stopped accepting must not hold its clients for ever. */
static void a_full_queue_is_a_timeout(void **state) {
  (void)state;
  int listener = unixsock_listen(test_path("socket"), 0600, 0), clients[8], count = 0;
  int last;
  while ((last = unixsock_connect(test_path("socket"))) >= 0 && count < 8) clients[count++] = last;
  assert_int_equal(last, -1);
  assert_int_equal(errno, ETIMEDOUT);
  assert_true(count >= 1);
  while (count) close(clients[--count]);
  close(listener);
}

static void a_service_has_a_folder(void **state) {
  (void)state;
  char path[PATH_MAX];
  if (geteuid() == 0) assert_int_equal(mkdir(test_path("rcpt"), 0700), 0);
  int listener = unixsock_listen_in(test_path(""), "rcpt");
  assert_true(listener >= 0);
  assert_true(fcntl(listener, F_GETFL) & O_NONBLOCK);
  snprintf(path, sizeof path, "%s", test_path("rcpt/socket"));
  int client = unixsock_connect(path);
  assert_true(client >= 0);
  close(client);
  client = unixsock_connect_in(test_path(""), "rcpt", UNIXSOCK_CONNECT_MS);
  assert_true(client >= 0);
  close(client);
  close(listener);
  assert_int_equal(unixsock_connect_in(test_path(""), "rcpt", UNIXSOCK_CONNECT_MS), -1);
  assert_int_equal(errno, ECONNREFUSED);
  assert_int_equal(unixsock_connect_in(test_path(""), "other", UNIXSOCK_CONNECT_MS), -1);
  assert_int_equal(errno, ENOENT);
  assert_int_equal(unixsock_listen_in(test_path("rcpt/socket"), "no"), -1);
  assert_int_equal(unlink(test_path("rcpt/socket")), 0);
}

static void pairs_are_closed_on_exec(void **state) {
  (void)state;
  int pair[2];
  assert_int_equal(unixsock_pair(pair), 0);
  assert_int_equal(fcntl(pair[0], F_GETFD) & fcntl(pair[1], F_GETFD), FD_CLOEXEC);
  close(pair[0]);
  close(pair[1]);
}

#define IN_FOLDER(TEST) cmocka_unit_test_setup_teardown(TEST, test_folder_make, test_folder_remove)

int main(void) {
  alarm(60);
  const struct CMUnitTest tests[] = {
    IN_FOLDER(listens_and_connects),
    IN_FOLDER(paths_may_be_long),
    IN_FOLDER(names_that_cannot_fit_are_errors),
    IN_FOLDER(a_socket_left_over_is_replaced_and_one_in_use_is_not),
    IN_FOLDER(other_files_are_left_alone),
    IN_FOLDER(a_full_queue_is_a_timeout),
    IN_FOLDER(a_service_has_a_folder),
    IN_FOLDER(pairs_are_closed_on_exec),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
