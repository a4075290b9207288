#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "remote/stream.h"

enum { SILENCE_MS = 10, LIMIT_MS = 5000 };

static unsigned notes[2];

static void count(void *context, bool silent) {
  (void)context;
  notes[silent]++;
}

static int open_stream(struct stream *s) {
  int pair[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  *s = (struct stream){.watched = -1, .limit_ms = LIMIT_MS, .silence = {SILENCE_MS, count, NULL, false}};
  stream_open(s, pair[0]);
  notes[false] = notes[true] = 0;
  return pair[1];
}

static void a_silence_is_noted_once_until_it_ends(void **state) {
  struct stream s;
  int server = open_stream(&s);
  (void)state;
  for (int i = 0; i < 3; i++) assert_int_equal(stream_fill(&s, io_deadline(2 * SILENCE_MS)), STREAM_TIMED_OUT);
  assert_int_equal(notes[true], 1);
  assert_int_equal(notes[false], 0);
  assert_int_equal(write(server, "220 ", 4), 4);
  assert_int_equal(stream_fill(&s, stream_deadline(&s)), STREAM_OK);
  assert_int_equal(stream_unread(&s).len, 4);
  assert_int_equal(notes[true], 1);
  assert_int_equal(notes[false], 1);
  stream_free(&s);
  close(server);
}

static void a_quick_answer_is_not_noted(void **state) {
  struct stream s;
  int server = open_stream(&s);
  (void)state;
  assert_int_equal(write(server, "220 ", 4), 4);
  assert_int_equal(stream_fill(&s, stream_deadline(&s)), STREAM_OK);
  assert_int_equal(notes[true] + notes[false], 0);
  stream_free(&s);
  close(server);
}

/* A limit that is shorter is no silence, and nobody need want to know. */
static void nobody_is_told_of_what_he_did_not_ask_for(void **state) {
  struct stream s;
  int server = open_stream(&s);
  (void)state;
  assert_int_equal(stream_fill(&s, io_deadline(1)), STREAM_TIMED_OUT);
  s.silence.limit_ms = 0;
  assert_int_equal(stream_fill(&s, io_deadline(2 * SILENCE_MS)), STREAM_TIMED_OUT);
  assert_int_equal(notes[true] + notes[false], 0);
  stream_free(&s);
  close(server);
}

/* Both ends of a connection over TCP; the server's. */
static int open_tcp(struct stream *s) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof a;
  int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(listener, (struct sockaddr *)&a, len), 0);
  assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
  assert_int_equal(listen(listener, 1), 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&a, len), 0);
  int server = accept(listener, NULL, NULL);
  close(listener);
  *s = (struct stream){.watched = -1, .limit_ms = LIMIT_MS};
  stream_open(s, fd);
  return server;
}

/* Whether it acknowledges at once; 0: no longer. */
static int quick(int fd, int value) {
  socklen_t len = sizeof value;
  if (value == 0) assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &value, len), 0);
  assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &value, &len), 0);
  return value;
}

/* A server with Nagle's algorithm holds it back for as long as we let it wait. */
static void the_rest_of_an_answer_is_not_held_back(void **state) {
  struct stream s;
  int server = open_tcp(&s);
  (void)state;
  assert_int_equal(quick(s.fd, 0), 0);
  assert_int_equal(write(server, "250 \r\n", 6), 6);
  assert_int_equal(stream_fill(&s, stream_deadline(&s)), STREAM_OK);
  assert_int_equal(quick(s.fd, 1), 0);
  assert_int_equal(stream_fill(&s, io_deadline(1)), STREAM_TIMED_OUT);
  assert_int_equal(quick(s.fd, 1), 1);
  stream_free(&s);
  close(server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_silence_is_noted_once_until_it_ends),
    cmocka_unit_test(a_quick_answer_is_not_noted),
    cmocka_unit_test(the_rest_of_an_answer_is_not_held_back),
    cmocka_unit_test(nobody_is_told_of_what_he_did_not_ask_for),
  };
  return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
