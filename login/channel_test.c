/* How a talker ends when its client or its doorkeeper goes away. */
#include "config.h"
#include "login/channel.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/unittest.h"
#include "lib/unixsock.h"

enum { MINE, THEIRS, ENDS };

struct both {
  int client[ENDS], door[ENDS];
  struct login_channel channel;
};

static void open_both(struct both *b) {
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, b->client), 0);
  assert_int_equal(unixsock_pair(b->door), 0);
  b->channel = (struct login_channel){.client = b->client[MINE], .door = b->door[MINE], .limit_ms = 20000};
}

static void close_both(struct both *b) {
  for (unsigned i = 0; i < ENDS; i++) {
    close(b->client[i]);
    close(b->door[i]);
  }
  frame_reader_free(&b->channel.answers);
  stralloc_free(&b->channel.output);
}

static enum login_end end_of_question(struct both *b) {
  const struct logindoor_request nothing = {0};
  struct logindoor_answer a;
  assert_int_equal(login_ask(&b->channel, LOGINDOOR_OFFER, &nothing, &a), -1);
  return login_end_of(errno);
}

/* The client has not gone: it is told. */
static void a_doorkeeper_that_reads_no_more_is_an_end_of_the_server(void **state) {
  struct both b;
  (void)state;
  open_both(&b);
  assert_int_equal(shutdown(b.door[THEIRS], SHUT_RD), 0);
  assert_int_equal(end_of_question(&b), LOGIN_SHUTDOWN);
  close_both(&b);
}

static void a_doorkeeper_without_an_answer_is_one_too(void **state) {
  struct both b;
  (void)state;
  open_both(&b);
  assert_int_equal(shutdown(b.door[THEIRS], SHUT_WR), 0);
  assert_int_equal(end_of_question(&b), LOGIN_SHUTDOWN);
  close_both(&b);
}

static void a_client_that_closed_has_left(void **state) {
  struct both b;
  char octets[10];
  (void)state;
  open_both(&b);
  assert_int_equal(shutdown(b.client[THEIRS], SHUT_WR), 0);
  assert_int_equal(login_read(&b.channel, octets, sizeof octets), 0);
  assert_int_equal(login_end_of(ECONNRESET), LOGIN_CLIENT_LEFT);
  close_both(&b);
}

/* What is behind the line stays for whoever comes next. */
static void no_more_than_a_line_is_taken(void **state) {
  struct both b;
  char octets[10];
  (void)state;
  open_both(&b);
  assert_int_equal(write(b.client[THEIRS], "STLS\r\n\x16\x03", 8), 8);
  assert_int_equal(login_read(&b.channel, octets, sizeof octets), 6);
  assert_true(login_speaks(&b.channel));
  assert_int_equal(read(b.client[MINE], octets, sizeof octets), 2);
  assert_false(login_speaks(&b.channel));
  close_both(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_doorkeeper_that_reads_no_more_is_an_end_of_the_server),
    cmocka_unit_test(a_doorkeeper_without_an_answer_is_one_too),
    cmocka_unit_test(a_client_that_closed_has_left),
    cmocka_unit_test(no_more_than_a_line_is_taken),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
