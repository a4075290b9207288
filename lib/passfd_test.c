#include "config.h"
#include "lib/passfd.h"
#include <sys/socket.h>
#include <unistd.h>
#include "lib/plaintest.h"

enum { HERE, THERE, MOST = 8 };

/* One octet with so many copies of a descriptor, each in a header of its own or all in one. */
static void send_many(int to, size_t count, size_t of_one_header) {
  union {
    struct cmsghdr align;
    char octets[MOST * CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct iovec part = {(char[]){"x"}, 1};
  struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  size_t used = 0;
  for (size_t i = 0; i < count; i += of_one_header, c = CMSG_NXTHDR(&m, c)) {
    assert_non_null(c);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(of_one_header * sizeof to);
    for (size_t k = 0; k < of_one_header; k++) memcpy(CMSG_DATA(c) + k * sizeof to, &to, sizeof to);
    used += CMSG_SPACE(of_one_header * sizeof to);
  }
  m.msg_controllen = used;
  assert_int_equal(sendmsg(to, &m, 0), 1);
}

static const struct {
  size_t count, of_one_header;
} sent[] = {{1, 1}, {2, 2}, {2, 1}, {4, 2}, {MOST, MOST}};

static void only_the_first_is_kept(void **state) {
  int ends[2];
  (void)state;
  for (size_t i = 0; i < COUNT(sent); i++) {
    unsigned before = open_descriptors();
    int got = -1, first;
    char octet = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    send_many(ends[THERE], sent[i].count, sent[i].of_one_header);
    assert_int_equal(passfd_receive(ends[HERE], &octet, 1, &got), 1);
    assert_true(octet == 'x' && got >= 0);
    assert_int_equal(open_descriptors(), before + 3);
    send_many(ends[THERE], sent[i].count, sent[i].of_one_header);
    first = got;
    assert_int_equal(passfd_receive(ends[HERE], &octet, 1, &got), 1);
    assert_int_equal(got, first);
    close(got);
    close(ends[HERE]);
    close(ends[THERE]);
    assert_int_equal(open_descriptors(), before);
  }
}

static void what_was_sent_arrives(void **state) {
  int ends[2], got = -1;
  char octets[4] = "";
  (void)state;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  assert_int_equal(passfd_receive(ends[HERE], octets, sizeof octets, &got), -1);
  assert_int_equal(passfd_send(ends[THERE], "ab", 2, -1), 2);
  assert_int_equal(passfd_receive(ends[HERE], octets, sizeof octets, &got), 2);
  assert_int_equal(got, -1);
  assert_int_equal(passfd_send(ends[THERE], "c", 1, ends[THERE]), 1);
  assert_int_equal(passfd_receive(ends[HERE], octets, sizeof octets, &got), 1);
  assert_true(got >= 0 && octets[0] == 'c');
  close(got);
  close(ends[THERE]);
  assert_int_equal(passfd_receive(ends[HERE], octets, sizeof octets, &got), 0);
  close(ends[HERE]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(only_the_first_is_kept),
    cmocka_unit_test(what_was_sent_arrives),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
