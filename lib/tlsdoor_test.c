#include "config.h"
#include "lib/tlsdoor.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include "lib/testtlsd.h"

enum { LIMIT_MS = 20000, SHORT_MS = 50 };

static bool is_ours(const struct tls_request *r) {
  return r->role == TLS_SERVER && strcmp(r->sni, "a.test") == 0 && r->limit_s == LIMIT_MS / 1000;
}

static void assert_reads(int fd, const char *expected) {
  for (; *expected; expected++) {
    char octet;
    assert_int_equal(io_read(fd, &octet, 1, LIMIT_MS), 1);
    assert_int_equal(octet, *expected);
  }
}

static struct tls_request asked = {.role = TLS_SERVER, .sni = "a.test"};

static void gives_facts_and_the_plaintext_behind_them(void **state) {
  (void)state;
  unsigned before = open_descriptors();
  struct tls_facts sent = {.ok = 1, .version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384", .bits = 256}, facts;
  int listener = testtlsd_listen(), network[2];
  assert_int_equal(unixsock_pair(network), 0);
  assert_true(tlsdoor_is_there(test_folder));
  pid_t pid = testtlsd_serve(listener, testtlsd_facts("EHLO x", &sent), is_ours);
  int plain = tlsdoor_open(test_folder, &asked, network[1], &facts, LIMIT_MS);
  assert_true(plain >= 0);
  assert_memory_equal(&facts, &sent, sizeof facts);
  assert_int_equal(fcntl(plain, F_GETFD), FD_CLOEXEC);
  assert_reads(plain, "EHLO x");
  assert_int_equal(write(plain, "hello", 5), 5);
  assert_reads(network[0], "hello");
  testtlsd_went_well(pid);
  close(plain);
  close(network[0]);
  close(network[1]);
  close(listener);
  assert_int_equal(open_descriptors(), before);
}

static bool is_at_once(int fd) {
  int on = 0;
  socklen_t len = sizeof on;
  return getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0 && on;
}

static void the_greeting_does_not_wait_for_an_acknowledgement(void **state) {
  (void)state;
  struct tls_facts sent = {.ok = 1}, facts;
  int listener = testtlsd_listen(), network = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  pid_t pid = testtlsd_serve(listener, testtlsd_facts("", &sent), is_ours);
  assert_false(is_at_once(network));
  int plain = tlsdoor_open(test_folder, &asked, network, &facts, LIMIT_MS);
  assert_true(plain >= 0 && is_at_once(network));
  close(plain);
  testtlsd_went_well(pid);
  close(network);
  close(listener);
}

static struct tls_request large = {.role = TLS_CLIENT, .check = TLS_CHECK_DANE, .limit_s = 7};

static bool is_large(const struct tls_request *r) { return memcmp(r, &large, sizeof large) == 0; }

static void sends_a_request_of_many_records(void **state) {
  (void)state;
  struct tls_facts sent = {.ok = 1}, facts;
  for (large.tlsa_count = 0; large.tlsa_count < 29; large.tlsa_count++) {
    memset(large.tlsa[large.tlsa_count], '0', TLSWIRE_TLSA_MAX);
    memcpy(large.tlsa[large.tlsa_count], "3 0 0 ", 6);
  }
  int listener = testtlsd_listen(), network[2];
  assert_int_equal(unixsock_pair(network), 0);
  pid_t pid = testtlsd_serve(listener, testtlsd_facts("", &sent), is_large);
  int plain = tlsdoor_open(test_folder, &large, network[1], &facts, LIMIT_MS);
  assert_true(plain >= 0);
  close(plain);
  testtlsd_went_well(pid);
  close(network[0]);
  close(network[1]);
  close(listener);
}

static void assert_fails(struct text answer, int limit_ms, bool temporary, const char *error) {
  unsigned before = open_descriptors();
  struct tls_facts facts;
  int listener = testtlsd_listen(), network[2];
  assert_int_equal(unixsock_pair(network), 0);
  pid_t pid = testtlsd_serve(listener, answer, NULL);
  assert_int_equal(tlsdoor_open(test_folder, &asked, network[1], &facts, limit_ms), -1);
  assert_int_equal(facts.ok, 0);
  assert_string_equal(facts.error, error);
  assert_int_equal(facts.temporary, temporary);
  testtlsd_went_well(pid);
  close(network[0]);
  close(network[1]);
  close(listener);
  assert_int_equal(open_descriptors(), before);
}

static void tells_why_there_is_no_tls(void **state) {
  (void)state;
  struct tls_facts refused = {.error = "unable to shake hands: no shared cipher"}, mute = {.temporary = 1};
  assert_fails(testtlsd_facts("", &refused), LIMIT_MS, false, "unable to shake hands: no shared cipher");
  assert_fails(testtlsd_facts("", &mute), LIMIT_MS, true, "owl-tlsd gives no reason");
  assert_fails(TEXT(""), LIMIT_MS, true, "unable to hear from owl-tlsd: it has gone away");
  assert_fails(TEXT("\0\0\0\4ok"), LIMIT_MS, true, "unable to hear from owl-tlsd: it has gone away");
  assert_fails(TEXT("\0\0\0\4ko=1"), LIMIT_MS, true, "unable to hear from owl-tlsd: its answer is malformed");
  assert_fails(TEXT("\xff\xff\xff\xff"), LIMIT_MS, true, "unable to hear from owl-tlsd: its answer is malformed");
}

static void a_missing_daemon_is_said(void **state) {
  (void)state;
  unsigned before = open_descriptors();
  struct tls_facts facts;
  assert_false(tlsdoor_is_there(test_folder));
  assert_int_equal(tlsdoor_open(test_folder, &asked, 0, &facts, LIMIT_MS), -1);
  assert_string_equal(facts.error, "unable to reach owl-tlsd: No such file or directory");
  assert_true(facts.temporary);
  assert_int_equal(open_descriptors(), before);
}

static bool asks_the_client(const struct tls_request *r) {
  return r->role == TLS_SERVER && r->peer_asked == 1 && !*r->sni && r->limit_s == LIMIT_MS / 1000;
}

static bool asks_nobody(const struct tls_request *r) { return r->role == TLS_SERVER && !r->peer_asked; }

/* Whether it went well; no door is left for a signal handler. */
static bool serve(const struct tls_facts *answer, bool is_there_before, bool peer_asked) {
  struct tls_facts facts;
  int listener = testtlsd_listen(), network[2];
  assert_int_equal(unixsock_pair(network), 0);
  pid_t pid = testtlsd_serve(listener, testtlsd_facts("hi", answer), peer_asked ? asks_the_client : asks_nobody);
  volatile int door = is_there_before ? tlsdoor_connect(test_folder) : -1;
  int plain = tlsdoor_serve(&door, test_folder, peer_asked, network[1], &facts, LIMIT_MS);
  assert_int_equal(door, -1);
  assert_int_equal(facts.ok, plain >= 0);
  if (plain >= 0) assert_reads(plain, "hi"), close(plain);
  testtlsd_went_well(pid);
  close(network[0]);
  close(network[1]);
  close(listener);
  return plain >= 0;
}

static void a_door_that_is_there_before_is_used(void **state) {
  (void)state;
  unsigned before = open_descriptors();
  struct tls_facts good = {.ok = 1}, refused = {.error = "unable to shake hands: no shared cipher"}, facts;
  for (unsigned i = 0; i < 4; i++) {
    assert_true(serve(&good, i & 1, i & 2));
    assert_false(serve(&refused, i & 1, i & 2));
  }
  unlink(test_path("tls/socket"));
  volatile int door = -1;
  assert_int_equal(tlsdoor_serve(&door, test_folder, false, 0, &facts, LIMIT_MS), -1);
  assert_string_equal(facts.error, "unable to reach owl-tlsd: No such file or directory");
  assert_int_equal(open_descriptors(), before);
}

/* Nobody accepts: the limit is what ends it. */
static void a_daemon_that_stalls_is_given_up(void **state) {
  (void)state;
  struct tls_facts facts;
  int listener = testtlsd_listen(), network[2];
  assert_int_equal(unixsock_pair(network), 0);
  assert_int_equal(tlsdoor_open(test_folder, &asked, network[1], &facts, SHORT_MS), -1);
  assert_string_equal(facts.error, "unable to hear from owl-tlsd: Connection timed out");
  close(network[0]);
  close(network[1]);
  close(listener);
}

#define IN_FOLDER(TEST) cmocka_unit_test_setup_teardown(TEST, testtlsd_make, testtlsd_remove)

int main(void) {
  alarm(60);
  const struct CMUnitTest tests[] = {
    IN_FOLDER(gives_facts_and_the_plaintext_behind_them),
    IN_FOLDER(the_greeting_does_not_wait_for_an_acknowledgement),
    IN_FOLDER(sends_a_request_of_many_records),
    IN_FOLDER(tells_why_there_is_no_tls),
    IN_FOLDER(a_missing_daemon_is_said),
    IN_FOLDER(a_door_that_is_there_before_is_used),
    IN_FOLDER(a_daemon_that_stalls_is_given_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
