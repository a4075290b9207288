/* How a talker ends when its client or its doorkeeper goes away. */
#include "config.h"
#include "login/channel.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/clock.h"
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

/* Time that passes while somebody waits only; the strain comes in the midst of it. */
static bool is_made_up;
static uint64_t made_up_us, strained_us;
static struct strain strain;

int __real_poll(struct pollfd *p, nfds_t count, int limit_ms);
int __wrap_poll(struct pollfd *p, nfds_t count, int limit_ms);
uint64_t __real_clock_boot_us(const struct clock *c);
uint64_t __wrap_clock_boot_us(const struct clock *c);

uint64_t __wrap_clock_boot_us(const struct clock *c) { return is_made_up ? made_up_us : __real_clock_boot_us(c); }

int __wrap_poll(struct pollfd *p, nfds_t count, int limit_ms) {
  if (!is_made_up) return __real_poll(p, count, limit_ms);
  assert_true(limit_ms > 0);
  made_up_us += (uint64_t)limit_ms * 1000;
  strain.is_on = strain.is_on || (strained_us && made_up_us >= strained_us);
  return 0;
}

enum { BEGAN_S = 1000, WAIT_S = 64 };

/* How long a client that says nothing keeps its place, in seconds. */
static uint64_t silence_s(uint64_t strained_after_s, bool has_strain) {
  struct both b;
  struct line_reader reader = {.source = login_read, .context = &b.channel};
  stralloc line = {0};
  open_both(&b);
  strain = (struct strain){0};
  if (has_strain) b.channel.strain = &strain;
  b.channel.limit_ms = WAIT_S * 1000;
  made_up_us = BEGAN_S * 1000000;
  strained_us = strained_after_s ? made_up_us + strained_after_s * 1000000 : 0;
  is_made_up = true;
  assert_int_equal(login_line(&b.channel, &reader, &line, 100), LINE_ERROR);
  assert_int_equal(login_end_of(errno), LOGIN_TIMEOUT);
  is_made_up = false;
  stralloc_free(&line);
  close_both(&b);
  return made_up_us / 1000000 - BEGAN_S;
}

static void strain_takes_the_place_of_who_waits_already(void **state) {
  (void)state;
  assert_int_equal(silence_s(0, false), WAIT_S);
  assert_int_equal(silence_s(0, true), WAIT_S);
  assert_in_range(silence_s(5, true), WAIT_S / STRAIN_WAIT_PART, WAIT_S / STRAIN_WAIT_PART + 1);
  assert_in_range(silence_s(30, true), 30, 35);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_doorkeeper_that_reads_no_more_is_an_end_of_the_server),
    cmocka_unit_test(a_doorkeeper_without_an_answer_is_one_too),
    cmocka_unit_test(a_client_that_closed_has_left),
    cmocka_unit_test(no_more_than_a_line_is_taken),
    cmocka_unit_test(strain_takes_the_place_of_who_waits_already),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
