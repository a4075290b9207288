/* The server in front of a session, played by the test. */
#include "config.h"
#include "smtpd/doorkeeper/ucspitls.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unittest.h"
#include "lib/unixsock.h"

enum { LIMIT_MS = 20000 };

static int server, plain[2];

static void publish(const char *name, int fd) {
  char number[16];
  snprintf(number, sizeof number, "%d", fd);
  setenv(name, number, 1);
}

static int set_up(void **state) {
  int pair[2];
  (void)state;
  if (unixsock_pair(pair) == -1 || pipe(plain) == -1) return -1;
  server = pair[1];
  publish("SSLCTLFD", pair[0]);
  publish("SSLREADFD", plain[0]);
  publish("SSLWRITEFD", plain[1]);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  close(server);
  unsetenv("SSL_PROTOCOL");
  unsetenv("SSL_CIPHER");
  return 0;
}

static const struct {
  const char *leave; /* NULL: not set */
  bool is_there, is_needed;
} leaves[] = {{NULL, false, false}, {"-", false, false}, {"", true, false}, {"1", true, false}, {"!", true, true}};

static void is_there_with_leave(void **state) {
  for (size_t i = 0; i < COUNT(leaves); i++) {
    struct ucspitls u;
    set_up(state);
    if (leaves[i].leave) setenv("UCSPITLS", leaves[i].leave, 1);
    ucspitls_find(&u);
    assert_int_equal(u.is_there, leaves[i].is_there);
    assert_int_equal(u.is_needed, leaves[i].is_needed);
    assert_null(getenv("UCSPITLS"));
    assert_null(getenv("SSLCTLFD"));
    assert_int_equal(fcntl(u.out, F_GETFD), FD_CLOEXEC);
    ucspitls_close(&u);
    close(server);
  }
}

static void numbers_that_are_none_are_no_server(void **state) {
  static const char *const numbers[] = {"", "x", "1", "-1", "65535", "4294967296"};
  struct ucspitls u;
  (void)state;
  for (size_t i = 0; i < COUNT(numbers); i++) {
    setenv("UCSPITLS", "", 1);
    setenv("SSLCTLFD", numbers[i], 1);
    publish("SSLREADFD", plain[0]);
    publish("SSLWRITEFD", plain[1]);
    ucspitls_find(&u);
    assert_false(u.is_there);
  }
  ucspitls_close(&u);
}

static void assert_begins(struct text answer, int expected) {
  struct ucspitls u;
  struct tls_facts f;
  char octet;
  setenv("UCSPITLS", "", 1);
  ucspitls_find(&u);
  assert_true(u.is_there);
  assert_int_equal(io_write_all(server, answer.s, answer.len, LIMIT_MS), 0);
  shutdown(server, SHUT_WR);
  assert_int_equal(ucspitls_begin(&u, &f, LIMIT_MS), expected);
  assert_int_equal(f.ok, expected == 0);
  assert_int_equal(*f.error == 0, expected == 0);
  assert_int_equal(io_read(server, &octet, 1, LIMIT_MS), 1);
  assert_int_equal(octet, 'Y');
  if (expected == 0) {
    assert_string_equal(f.version, "TLSv1.3");
    assert_string_equal(f.cipher, "X");
    assert_string_equal(getenv("SSL_CIPHER"), "X");
  }
  ucspitls_close(&u);
}

static void asks_and_hears(void **state) {
  (void)state;
  assert_begins(TEXT("SSL_PROTOCOL=TLSv1.3\0SSL_CIPHER=X\0\0"), 0);
}

static void an_end_before_the_end_is_no_handshake(void **state) {
  (void)state;
  assert_begins(TEXT("SSL_PROTOCOL=TLSv1.3\0SSL_CIPHER=X\0"), -1);
}

static void a_server_that_ends_has_given_up(void **state) {
  (void)state;
  assert_begins(TEXT(""), -1);
}

static void variables_are_checked(void **state) {
  struct tls_facts f;
  (void)state;
  static const char sent[] = "SSL_PROTOCOL=TLSv1.2\0SSL_CIPHER=a\nb\0LD_PRELOAD=x\0SSL_\xff=1\0SSL_CIPHER_USEKEYSIZE=128\0=\0none\0"
                             "TLS_X=y\0SSL_CLIENT_S_DN_CN=joe\0SSL_CUT=1";
  assert_true(ucspitls_take(&f, sent, sizeof sent - 1));
  assert_string_equal(f.version, "TLSv1.2");
  assert_string_equal(f.cipher, "unknown");
  assert_string_equal(f.peer, "joe");
  assert_string_equal(f.verified, "");
  assert_int_equal(f.bits, 128);
  assert_null(getenv("LD_PRELOAD"));
  assert_null(getenv("SSL_CIPHER"));
  assert_null(getenv("SSL_CUT"));
  assert_string_equal(getenv("TLS_X"), "y");
  assert_true(ucspitls_take(&f, "", 0));
  assert_string_equal(f.version, "TLS");
}

static void a_server_may_have_begun(void **state) {
  struct tls_facts f;
  (void)state;
  assert_false(ucspitls_is_on(&f));
  setenv("SSL_PROTOCOL", "TLSv1.3", 1);
  assert_false(ucspitls_is_on(&f));
  setenv("SSL_CIPHER", "X", 1);
  assert_true(ucspitls_is_on(&f));
  assert_string_equal(f.version, "TLSv1.3");
}

#define WITH_SERVER(TEST) cmocka_unit_test_setup_teardown(TEST, set_up, tear_down)

int main(void) {
  alarm(60);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(is_there_with_leave),
    WITH_SERVER(numbers_that_are_none_are_no_server),
    WITH_SERVER(asks_and_hears),
    WITH_SERVER(an_end_before_the_end_is_no_handshake),
    WITH_SERVER(a_server_that_ends_has_given_up),
    WITH_SERVER(variables_are_checked),
    WITH_SERVER(a_server_may_have_begun),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
