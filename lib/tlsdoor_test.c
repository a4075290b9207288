#include "config.h"
#include "lib/tlsdoor.h"
#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "lib/bigendian.h"
#include "lib/testfolder.h"
#include "lib/unixsock.h"

enum { LIMIT_MS = 20000, SHORT_MS = 50 };

static int make(void **state) {
  if (test_folder_make(state) == -1) return -1;
  return mkdir(test_path("tls"), 0700);
}

static int remove_all(void **state) {
  unlink(test_path("tls/socket"));
  return test_folder_remove(state);
}

static int listen_there(void) {
  int listener = unixsock_listen(test_path("tls/socket"), 0600, 5);
  assert_true(listener >= 0);
  return listener;
}

/* ---- a server in a child: what it sees is its exit code */

static void must(bool holds) {
  if (!holds) _exit(1);
}

static void read_all(int fd, char *to, size_t len) {
  while (len) {
    ssize_t n = read(fd, to, len);
    must(n > 0);
    to += n;
    len -= (size_t)n;
  }
}

/* The connection's descriptor: it comes with the first octet. */
static int take_descriptor(int sock, char *first) {
  union {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec piece = {first, 1};
  struct msghdr m = {
    .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  int fd;
  must(recvmsg(sock, &m, MSG_CMSG_CLOEXEC) == 1);
  struct cmsghdr *head = CMSG_FIRSTHDR(&m);
  must(head && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof fd));
  memcpy(&fd, CMSG_DATA(head), sizeof fd);
  return fd;
}

static int take_request(int sock, struct tls_request *r) {
  static char line[TLSWIRE_MAX];
  char length[4];
  int network = take_descriptor(sock, length);
  read_all(sock, length + 1, 3);
  must(get_u32(length) <= sizeof line);
  read_all(sock, line, get_u32(length));
  must(tlswire_read_request(r, line, get_u32(length)));
  return network;
}

/* Answers octets, and what comes back in plaintext is what the network is told. */
static pid_t serve(int listener, struct text answer, bool (*expects)(const struct tls_request *)) {
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid > 0) return pid;
  static struct tls_request r;
  char octets[5];
  alarm(60);
  int sock = accept(listener, NULL, NULL);
  must(sock >= 0);
  int network = take_request(sock, &r);
  must(!expects || expects(&r));
  for (size_t i = 0; i < answer.len; i++) must(write(sock, answer.s + i, 1) == 1);
  shutdown(sock, SHUT_WR);
  if (answer.len && read(sock, octets, 1) == 1) {
    read_all(sock, octets + 1, sizeof octets - 1);
    must(write(network, octets, sizeof octets) == sizeof octets);
  }
  _exit(0);
}

static void assert_went_well(pid_t pid) {
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

/* ---- */

static struct text facts_line(const char *plaintext, const struct tls_facts *f) {
  static char wire[2048];
  size_t len = tlswire_put_facts(wire, sizeof wire, f);
  assert_true(len > 0);
  memcpy(wire + len, plaintext, strlen(plaintext));
  return (struct text){wire, len + strlen(plaintext)};
}

static bool is_ours(const struct tls_request *r) {
  return r->role == TLS_SERVER && strcmp(r->service, "smtp") == 0 && r->limit_s == LIMIT_MS / 1000;
}

static void assert_reads(int fd, const char *expected) {
  for (; *expected; expected++) {
    char octet;
    assert_int_equal(io_read(fd, &octet, 1, LIMIT_MS), 1);
    assert_int_equal(octet, *expected);
  }
}

static const struct tls_request asked = {.role = TLS_SERVER, .service = "smtp"};

static void gives_facts_and_the_plaintext_behind_them(void **state) {
  (void)state;
  unsigned before = open_descriptors();
  struct tls_facts sent = {.ok = 1, .version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384", .bits = 256}, facts;
  int listener = listen_there(), network[2];
  assert_int_equal(unixsock_pair(network), 0);
  assert_true(tlsdoor_is_there(test_folder));
  pid_t pid = serve(listener, facts_line("EHLO x", &sent), is_ours);
  int plain = tlsdoor_open(test_folder, &asked, network[1], &facts, LIMIT_MS);
  assert_true(plain >= 0);
  assert_memory_equal(&facts, &sent, sizeof facts);
  assert_int_equal(fcntl(plain, F_GETFD), FD_CLOEXEC);
  assert_reads(plain, "EHLO x");
  assert_int_equal(write(plain, "hello", 5), 5);
  assert_reads(network[0], "hello");
  assert_went_well(pid);
  close(plain);
  close(network[0]);
  close(network[1]);
  close(listener);
  assert_int_equal(open_descriptors(), before);
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
  int listener = listen_there(), network[2];
  assert_int_equal(unixsock_pair(network), 0);
  pid_t pid = serve(listener, facts_line("", &sent), is_large);
  int plain = tlsdoor_open(test_folder, &large, network[1], &facts, LIMIT_MS);
  assert_true(plain >= 0);
  close(plain);
  assert_went_well(pid);
  close(network[0]);
  close(network[1]);
  close(listener);
}

static void assert_fails(struct text answer, int limit_ms, bool temporary, const char *error) {
  unsigned before = open_descriptors();
  struct tls_facts facts;
  int listener = listen_there(), network[2];
  assert_int_equal(unixsock_pair(network), 0);
  pid_t pid = serve(listener, answer, NULL);
  assert_int_equal(tlsdoor_open(test_folder, &asked, network[1], &facts, limit_ms), -1);
  assert_int_equal(facts.ok, 0);
  assert_string_equal(facts.error, error);
  assert_int_equal(facts.temporary, temporary);
  assert_went_well(pid);
  close(network[0]);
  close(network[1]);
  close(listener);
  assert_int_equal(open_descriptors(), before);
}

static void tells_why_there_is_no_tls(void **state) {
  (void)state;
  struct tls_facts refused = {.error = "unable to shake hands: no shared cipher"}, mute = {.temporary = 1};
  assert_fails(facts_line("", &refused), LIMIT_MS, false, "unable to shake hands: no shared cipher");
  assert_fails(facts_line("", &mute), LIMIT_MS, true, "owl-tlsd gives no reason");
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

/* Nobody accepts: the limit is what ends it. */
static void a_daemon_that_stalls_is_given_up(void **state) {
  (void)state;
  struct tls_facts facts;
  int listener = listen_there(), network[2];
  assert_int_equal(unixsock_pair(network), 0);
  assert_int_equal(tlsdoor_open(test_folder, &asked, network[1], &facts, SHORT_MS), -1);
  assert_string_equal(facts.error, "unable to hear from owl-tlsd: Connection timed out");
  close(network[0]);
  close(network[1]);
  close(listener);
}

#define IN_FOLDER(TEST) cmocka_unit_test_setup_teardown(TEST, make, remove_all)

int main(void) {
  alarm(60);
  const struct CMUnitTest tests[] = {
    IN_FOLDER(gives_facts_and_the_plaintext_behind_them),
    IN_FOLDER(sends_a_request_of_many_records),
    IN_FOLDER(tells_why_there_is_no_tls),
    IN_FOLDER(a_missing_daemon_is_said),
    IN_FOLDER(a_daemon_that_stalls_is_given_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
