/* The talker between a client and a doorkeeper that the test plays. */
#include "config.h"
#include "smtpd/talker/testclient.h"
#include "lib/clock.h"

static int pipe_end;

/* Up to the 354; pipe_end is where the message comes out. */
static void begin_data(void) {
  int p[2];
  start();
  hear("220 mx ESMTP\r\n");
  say("EHLO me\r\n");
  hear("250-mx\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-CHUNKING\r\n250-SMTPUTF8\r\n"
       "250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250-HELP\r\n250 SIZE 1000\r\n");
  say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
  grant(DOOR_MAIL);
  grant(DOOR_RCPT);
  expect(DOOR_DATA, NULL);
  assert_int_equal(pipe2(p, O_CLOEXEC), 0);
  assert_int_equal(io_set_nonblocking(p[1]), 0);
  answer(RESULT_SUCCESS, 354, "2.0.0", "go", p[1]);
  close(p[1]);
  pipe_end = p[0];
  hear("250 2.0.0 ok\r\n250 2.0.0 ok\r\n354 go\r\n");
}

static void replies_to_a_group_leave_together(void **state) {
  (void)state;
  start();
  hear_at_once("220 mx ESMTP\r\n");
  say("HELO me\r\n");
  hear_at_once("250 mx\r\n");
  say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRSET\r\nMAIL FROM:<e@f>\r\nNOOP\r\nMAI");
  grant(DOOR_MAIL);
  assert_silent();
  grant(DOOR_RCPT);
  grant(DOOR_ABORT);
  expect(DOOR_MAIL, NULL);
  answer(RESULT_FAILURE, 553, "5.7.1", "no", -1);
  hear_at_once("250 2.0.0 ok\r\n250 2.0.0 ok\r\n250 2.0.0 flushed\r\n553 5.7.1 no\r\n250 2.0.0 ok\r\n");
  say("L FROM:\r\n"); /* the line that was cut */
  hear_at_once("501 5.1.7 that is no <address>\r\n");
  say("QUIT\r\n");
  hear_at_once("221 2.0.0 bye\r\n");
  assert_int_equal(end(), TALKER_QUIT);
}

static void a_message_goes_into_the_pipe(void **state) {
  char got[100];
  (void)state;
  begin_data();
  say("A: b\r\n\r\n..x\r\n.\r\nQUIT\r\n");
  assert_int_equal(expect(DOOR_COMPLETE, NULL), 9);
  assert_int_equal(io_read(pipe_end, got, sizeof got, LIMIT_MS), 9);
  assert_memory_equal(got, "A: b\n\n.x\n", 9);
  assert_int_equal(io_read(pipe_end, got, sizeof got, LIMIT_MS), 0); /* closed before COMPLETE */
  assert_silent(); /* no reply before the doorkeeper's */
  answer(RESULT_SUCCESS, 250, "2.0.0", "queued", -1);
  hear("250 2.0.0 queued\r\n221 2.0.0 bye\r\n");
  close(pipe_end);
  assert_int_equal(end(), TALKER_QUIT);
}

static void assert_aborted(const char *sent, const char *status, const char *reply) {
  char got[12];
  begin_data();
  say(sent);
  say("NOOP\r\n");
  expect(DOOR_ABORT, got);
  assert_string_equal(got, status);
  answer(RESULT_DEFERRAL, 451, "4.3.0", "half", -1);
  hear(reply);
  hear("250 2.0.0 ok\r\n"); /* still in step */
  close(pipe_end);
  assert_int_equal(end(), TALKER_CLIENT_LEFT);
}

static void a_message_that_is_refused_is_aborted(void **state) {
  static char large[1300];
  (void)state;
  assert_aborted("a\nb\r\n.\r\n", "5.6.11",
                 "550 5.6.11 the message has a CR or LF alone; only CRLF ends a line\r\n");
  assert_aborted("a\rb\r\n.\r\n", "5.6.11",
                 "550 5.6.11 the message has a CR or LF alone; only CRLF ends a line\r\n");
  assert_aborted("Received: x\r\nDelivered-To: y\r\n\r\n.\r\n", "5.4.6",
                 "554 5.4.6 too many hops, this message is looping\r\n");
  memset(large, 'x', 1200);
  memcpy(large + 1200, "\r\n.\r\n", 6);
  assert_aborted(large, "5.3.4", "552 5.3.4 that message is too large for this server\r\n");
}

/* Up to the answers to MAIL and RCPT. */
static void begin_chunks(void) {
  start();
  hear("220 mx ESMTP\r\n");
  say("HELO me\r\n");
  hear("250 mx\r\n");
  say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
  grant(DOOR_MAIL);
  grant(DOOR_RCPT);
  hear("250 2.0.0 ok\r\n250 2.0.0 ok\r\n");
}

static void answer_data(void) {
  int p[2];
  assert_int_equal(pipe2(p, O_CLOEXEC), 0);
  assert_int_equal(io_set_nonblocking(p[1]), 0);
  answer(RESULT_SUCCESS, 354, "2.0.0", "go", p[1]);
  close(p[1]);
  pipe_end = p[0];
}

static void give_pipe(void) {
  expect(DOOR_DATA, NULL);
  answer_data();
}

static void end_chunks(void) {
  hear("250 2.0.0 ok\r\n"); /* to NOOP: still in step */
  close(pipe_end);
  assert_int_equal(end(), TALKER_CLIENT_LEFT);
}

static void chunks_go_into_the_pipe(void **state) {
  char got[100];
  (void)state;
  begin_chunks();
  say("BDAT 5\r\nA: b\rBDAT 0\r\nDATA\r\nMAIL FROM:<>\r\nRCPT TO:<e@f>\r\nbdat 9 last\r\n\n\r\n.\r\nx\r\nNOOP\r\n");
  give_pipe();
  assert_int_equal(expect(DOOR_COMPLETE, NULL), 10);
  assert_int_equal(io_read(pipe_end, got, sizeof got, LIMIT_MS), 10);
  assert_memory_equal(got, "A: b\n\n.\nx\n", 10);
  answer(RESULT_SUCCESS, 250, "2.0.0", "queued", -1);
  hear("250 2.0.0 go on\r\n250 2.0.0 go on\r\n503 5.5.1 this message comes by BDAT\r\n"
       "503 5.5.1 one MAIL at a time; RSET drops it\r\n503 5.5.1 not between the chunks of a message\r\n"
       "250 2.0.0 queued\r\n");
  end_chunks();
}

static void a_chunk_that_is_refused_is_read(void **state) {
  (void)state;
  start();
  hear("220 mx ESMTP\r\n");
  say("BDAT 6 LAST\r\nQUIT\r\nHELO me\r\nMAIL FROM:<a@b>\r\nBDAT 6\r\nQUIT\r\nRCPT TO:<c@d>\r\nNOOP\r\n");
  grant(DOOR_MAIL);
  grant(DOOR_ABORT);
  hear("503 5.5.1 MAIL first\r\n250 mx\r\n250 2.0.0 ok\r\n554 5.5.1 no recipient has been taken\r\n"
       "503 5.5.1 MAIL first\r\n");
  pipe_end = -1;
  end_chunks();
}

/* chunks: the last of them cannot be read any more as the whole of a message. */
static void assert_chunks_aborted(const char *chunks, const char *status, const char *replies) {
  char got[12];
  begin_chunks();
  say(chunks);
  say("BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n");
  give_pipe();
  expect(DOOR_ABORT, got);
  assert_string_equal(got, status);
  answer(RESULT_DEFERRAL, 451, "4.3.0", "half", -1);
  hear(replies);
  hear("503 5.5.1 MAIL first\r\n");
  end_chunks();
}

static void a_chunk_that_spoils_the_message_aborts_it(void **state) {
  static char large[1300] = "BDAT 1200\r\n";
  (void)state;
  assert_chunks_aborted("BDAT 2\r\na\rBDAT 3\r\nb\r\n", "5.6.11",
                        "250 2.0.0 go on\r\n550 5.6.11 the message has a CR or LF alone; only CRLF ends a line\r\n");
  assert_chunks_aborted("BDAT 5 LAST\r\nabcd\r", "5.6.11",
                        "550 5.6.11 the message has a CR or LF alone; only CRLF ends a line\r\n");
  assert_chunks_aborted("BDAT 16 LAST\r\nReceived: x\r\nA:\n", "5.6.11",
                        "550 5.6.11 the message has a CR or LF alone; only CRLF ends a line\r\n");
  memset(large + 11, 'x', 1200);
  assert_chunks_aborted(large, "5.3.4", "552 5.3.4 that message is too large for this server\r\n");
}

static void a_chunk_without_size_ends_the_session(void **state) {
  (void)state;
  begin_chunks();
  say("BDAT 99999999999999999999\r\nQUIT\r\n");
  hear("501 5.5.4 BDAT goes with SIZE or SIZE LAST, closing\r\n");
  assert_int_equal(end(), TALKER_HUNG_UP);
}

static void chunks_are_dropped_by_rset(void **state) {
  (void)state;
  begin_chunks();
  say("BDAT 1\r\naRSET\r\nNOOP\r\n");
  give_pipe();
  grant(DOOR_ABORT);
  hear("250 2.0.0 go on\r\n250 2.0.0 flushed\r\n");
  end_chunks();
}

static void a_message_before_354_ends_the_session(void **state) {
  (void)state;
  begin_chunks();
  say("DATA\r\nSubject: x\r\n\r\n.\r\n");
  give_pipe();
  grant(DOOR_ABORT);
  hear("503 5.5.1 a message waits for 354, closing\r\n");
  close(pipe_end);
  assert_int_equal(end(), TALKER_TOO_EARLY);
}

static void start_data(void) {
  begin_chunks();
  say("DATA\r\n");
  expect(DOOR_DATA, NULL);
}

static void a_message_in_a_segment_behind_data_does_so_too(void **state) {
  (void)state;
  start_data();
  say("Subject: x\r\n\r\n.\r\n");
  answer_data();
  grant(DOOR_ABORT);
  hear("503 5.5.1 a message waits for 354, closing\r\n");
  close(pipe_end);
  assert_int_equal(end(), TALKER_TOO_EARLY);
}

static void a_client_that_leaves_behind_data_has_left(void **state) {
  (void)state;
  start_data();
  assert_int_equal(shutdown(client, SHUT_WR), 0);
  answer_data();
  hear("354 go\r\n");
  close(pipe_end);
  assert_int_equal(end(), TALKER_CLIENT_LEFT);
}

static void http_ends_the_session(void **state) {
  static const char *const lines[] = {"GET / HTTP/1.1\r\n", "post /x HTTP/1.0\r\n", "Host: mx\r\n"};
  (void)state;
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    start();
    hear("220 mx ESMTP\r\n");
    say("GET\r\nPOST HTTP/1\r\n");
    hear("500 5.5.1 that command is not known here\r\n500 5.5.1 that command is not known here\r\n");
    say(lines[i]);
    say("NOOP\r\n");
    hear("503 5.5.1 this is SMTP and no HTTP, closing\r\n");
    assert_int_equal(end(), TALKER_FOREIGN);
  }
}

static void the_injectors_early_end_is_explained(void **state) {
  (void)state;
  begin_data();
  close(pipe_end);
  say("a\r\n");
  assert_silent(); /* the data is read to its end */
  say("b\r\n.\r\n");
  expect(DOOR_ABORT, NULL);
  answer(RESULT_DEFERRAL, 452, "4.3.1", "full", -1);
  hear("452 4.3.1 full\r\n");
  assert_int_equal(end(), TALKER_CLIENT_LEFT);
}

static void a_silent_client_is_told_and_left(void **state) {
  (void)state;
  start_with(100);
  hear("220 mx ESMTP\r\n421 4.4.2 timeout, closing\r\n");
  assert_int_equal(end(), TALKER_TIMEOUT);
}

static void the_doorkeepers_end_is_told(void **state) {
  (void)state;
  start();
  hear("220 mx ESMTP\r\n");
  close(door);
  door = -1;
  hear("421 4.3.2 the server is shutting down, closing\r\n");
  assert_int_equal(end(), TALKER_SHUTDOWN);
  begin_data();
  say("half a");
  assert_silent();
  close(door);
  door = -1;
  hear("421 4.3.2 the server is shutting down, closing\r\n");
  close(pipe_end);
  assert_int_equal(end(), TALKER_SHUTDOWN);
}

static void a_bare_line_feed_ends_the_session(void **state) {
  (void)state;
  start();
  hear("220 mx ESMTP\r\n");
  say("NOOP\nQUIT\r\n");
  hear("500 5.5.2 only CRLF ends a line, closing\r\n");
  assert_int_equal(end(), TALKER_HUNG_UP);
}

static void long_lines_are_dropped(void **state) {
  static char line[2 * COMMAND_LINE_MAX];
  (void)state;
  start();
  hear("220 mx ESMTP\r\n");
  memset(line, 'x', sizeof line - 1);
  say(line);
  say("\r\nNOOP\r\n");
  hear("500 5.5.2 that line is too long\r\n250 2.0.0 ok\r\n");
  say("NO\rOP\r\n");
  hear("500 5.5.2 a CR alone in a line\r\n");
  assert_int_equal(end(), TALKER_CLIENT_LEFT);
}

static int limits_forget(void **state) {
  (void)state;
  limits = (struct talker){0};
  return 0;
}

static void who_speaks_before_the_greeting_is_refused(void **state) {
  (void)state;
  limits.greetdelay_ms = LIMIT_MS;
  start();
  say("HELO me\r\n");
  hear("554 5.5.1 you spoke before the greeting, closing\r\n");
  assert_int_equal(end(), TALKER_UNGREETED);
  start();
  assert_int_equal(end(), TALKER_CLIENT_LEFT);
  start();
  close(door);
  door = -1;
  hear("421 4.3.2 the server is shutting down, closing\r\n");
  assert_int_equal(end(), TALKER_SHUTDOWN);
}

static void who_speaks_with_the_proxy_header_is_refused(void **state) {
  (void)state;
  limits.greetdelay_ms = LIMIT_MS;
  limits.is_proxied = true;
  start();
  say("PROXY UNKNOWN\r\nHELO me\r\n");
  hear("554 5.5.1 you spoke before the greeting, closing\r\n");
  assert_int_equal(end(), TALKER_UNGREETED);
}

static const struct {
  uint64_t class, code;
  const char *status, *reply;
  enum talker_end end;
} refused_headers[] = {
  {RESULT_DEFERRAL, 451, "4.3.0", "421 4.3.0 out of memory, closing\r\n", TALKER_NO_MEMORY},
  {RESULT_DEFERRAL, 421, "4.7.0", "421 4.7.0 too many connections, please come again later\r\n", TALKER_CROWDED},
  {RESULT_FAILURE, 550, "5.7.0", "", TALKER_NO_HEADER},
};

static void whose_proxy_header_cannot_be_taken_is_told(void **state) {
  (void)state;
  limits.is_proxied = true;
  for (size_t i = 0; i < sizeof refused_headers / sizeof refused_headers[0]; i++) {
    char octet;
    start();
    say("PROXY TCP4 192.0.2.1 198.51.100.2 12345 25\r\n");
    expect(DOOR_PROXY, NULL);
    answer(refused_headers[i].class, refused_headers[i].code, refused_headers[i].status, "no", -1);
    hear(refused_headers[i].reply);
    assert_int_equal(io_read(client, &octet, 1, LIMIT_MS), 0);
    assert_int_equal(end(), refused_headers[i].end);
  }
}

static void who_waits_is_greeted(void **state) {
  (void)state;
  limits.greetdelay_ms = 300;
  uint64_t begun = clock_boot_us(&clock_system);
  start();
  hear("220 mx ESMTP\r\n");
  assert_true(clock_boot_us(&clock_system) - begun >= 300000);
  assert_int_equal(end(), TALKER_CLIENT_LEFT);
}

static void recipients_over_the_count_are_answered_late(void **state) {
  (void)state;
  limits.session.tarpitcount = 2;
  limits.session.tarpitdelay_ms = 300;
  start();
  hear("220 mx ESMTP\r\n");
  say("HELO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c>\r\nRCPT TO:<d>\r\nRCPT TO:<e>\r\nNOOP\r\n");
  uint64_t begun = clock_boot_us(&clock_system);
  grant(DOOR_MAIL);
  for (unsigned i = 0; i < 3; i++) grant(DOOR_RCPT);
  hear("250 mx\r\n250 2.0.0 ok\r\n250 2.0.0 ok\r\n250 2.0.0 ok\r\n250 2.0.0 ok\r\n250 2.0.0 ok\r\n");
  uint64_t late_us = clock_boot_us(&clock_system) - begun;
  assert_true(late_us >= 300000);
  say("RSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c>\r\nNOOP\r\n"); /* that does not begin anew */
  begun = clock_boot_us(&clock_system);
  grant(DOOR_ABORT);
  grant(DOOR_MAIL);
  grant(DOOR_RCPT);
  hear("250 2.0.0 flushed\r\n250 2.0.0 ok\r\n250 2.0.0 ok\r\n250 2.0.0 ok\r\n");
  assert_true(clock_boot_us(&clock_system) - begun >= 300000);
  assert_int_equal(end(), TALKER_CLIENT_LEFT);
}

static void a_message_that_comes_too_slowly_ends_the_session(void **state) {
  (void)state;
  limits.channel.pace = (struct pace){.rate = 1000, .window_us = 1000000};
  begin_data();
  say("half a");
  hear("421 4.4.2 the message comes too slowly, closing\r\n");
  close(pipe_end);
  assert_int_equal(end(), TALKER_SLOW);
}

static int set_up(void **state) {
  (void)state;
  signal(SIGPIPE, SIG_IGN);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(replies_to_a_group_leave_together),
    cmocka_unit_test(a_message_goes_into_the_pipe),
    cmocka_unit_test(a_message_that_is_refused_is_aborted),
    cmocka_unit_test(chunks_go_into_the_pipe),
    cmocka_unit_test(a_chunk_that_is_refused_is_read),
    cmocka_unit_test(a_chunk_that_spoils_the_message_aborts_it),
    cmocka_unit_test(a_chunk_without_size_ends_the_session),
    cmocka_unit_test(chunks_are_dropped_by_rset),
    cmocka_unit_test(a_message_before_354_ends_the_session),
    cmocka_unit_test(a_message_in_a_segment_behind_data_does_so_too),
    cmocka_unit_test(a_client_that_leaves_behind_data_has_left),
    cmocka_unit_test(http_ends_the_session),
    cmocka_unit_test(the_injectors_early_end_is_explained),
    cmocka_unit_test(a_silent_client_is_told_and_left),
    cmocka_unit_test(the_doorkeepers_end_is_told),
    cmocka_unit_test_teardown(who_speaks_before_the_greeting_is_refused, limits_forget),
    cmocka_unit_test_teardown(who_speaks_with_the_proxy_header_is_refused, limits_forget),
    cmocka_unit_test_teardown(whose_proxy_header_cannot_be_taken_is_told, limits_forget),
    cmocka_unit_test_teardown(who_waits_is_greeted, limits_forget),
    cmocka_unit_test_teardown(recipients_over_the_count_are_answered_late, limits_forget),
    cmocka_unit_test_teardown(a_message_that_comes_too_slowly_ends_the_session, limits_forget),
    cmocka_unit_test(a_bare_line_feed_ends_the_session),
    cmocka_unit_test(long_lines_are_dropped),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
