/* STARTTLS in the talker, before and after TLS. */
#include "config.h"
#include "smtpd/talker/testclient.h"

static int limits_forget(void **state) {
  (void)state;
  limits = (struct talker){0};
  return 0;
}

static int offer(void **state) {
  limits_forget(state);
  limits.session.offers_starttls = true;
  return 0;
}

static void greet(void) {
  start();
  hear("220 mx ESMTP\r\n");
  say("EHLO me\r\n");
  hear("250-mx\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-CHUNKING\r\n250-SMTPUTF8\r\n"
       "250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250-HELP\r\n250-STARTTLS\r\n250 SIZE 1000\r\n");
}

static void allow(void) {
  expect(DOOR_TLS, NULL);
  answer(RESULT_SUCCESS, 220, "2.0.0", "go ahead", -1);
}

static void ends_behind_220(void **state) {
  (void)state;
  greet();
  say("StartTLS\r\n");
  allow();
  hear("220 2.0.0 go ahead\r\n");
  assert_int_equal(end(), TALKER_STARTTLS);
}

static void takes_no_for_an_answer(void **state) {
  (void)state;
  greet();
  say("STARTTLS\r\n");
  expect(DOOR_TLS, NULL);
  answer(RESULT_DEFERRAL, 454, "4.7.0", "not now", -1);
  hear("454 4.7.0 not now\r\n");
  say("QUIT\r\n");
  hear("221 2.0.0 bye\r\n");
  assert_int_equal(end(), TALKER_QUIT);
}

/* Whatever part of an injection is here with the command, and wherever the
 * pieces are cut: nothing of it is run. */
static void nothing_goes_behind_it(void **state) {
  static const char dialog[] = "STARTTLS\r\nMAIL FROM:<evil@a.example>\r\nRCPT TO:<b@c>\r\nDATA\r\n";
  (void)state;
  for (size_t len = strlen("STARTTLS\r\n") + 1; len <= strlen(dialog); len++) {
    char piece[sizeof dialog];
    snprintf(piece, sizeof piece, "%.*s", (int)len, dialog);
    greet();
    say(piece);
    allow();
    hear("503 5.5.1 nothing goes behind STARTTLS, closing\r\n");
    shutdown(client, SHUT_WR);
    assert_int_equal(end(), TALKER_INJECTED);
  }
}

/* The rest comes in a segment of its own, while the doorkeeper thinks. */
static void nor_in_the_next_segment(void **state) {
  (void)state;
  greet();
  say("STARTTLS\r\n");
  expect(DOOR_TLS, NULL);
  say("R");
  answer(RESULT_SUCCESS, 220, "2.0.0", "go ahead", -1);
  hear("503 5.5.1 nothing goes behind STARTTLS, closing\r\n");
  shutdown(client, SHUT_WR);
  assert_int_equal(end(), TALKER_INJECTED);
}

static const struct {
  const char *name, *said, *heard;
} refused[] = {
  {"an argument", "STARTTLS now\r\n", "501 5.5.4 STARTTLS takes no argument\r\n"},
  {"after HELO", "HELO me\r\nSTARTTLS\r\n", "250 mx\r\n503 5.5.1 EHLO first\r\n"},
  {"REQUIRETLS without TLS", "MAIL FROM:<a@b> REQUIRETLS\r\n", "555 5.5.4 REQUIRETLS goes under TLS only\r\n"},
};

static void is_refused_out_of_turn(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(refused); i++) {
    greet();
    say(refused[i].said);
    hear(refused[i].heard);
    assert_int_equal(end(), TALKER_CLIENT_LEFT);
  }
}

static void is_refused_in_a_transaction(void **state) {
  (void)state;
  greet();
  say("MAIL FROM:<a@b>\r\n");
  grant(DOOR_MAIL);
  say("STARTTLS\r\n");
  hear("250 2.0.0 ok\r\n503 5.5.1 no STARTTLS in a transaction\r\n");
  assert_int_equal(end(), TALKER_CLIENT_LEFT);
}

/* The next talker: no greeting, and nothing is known of the client. */
static void begins_anew_under_tls(void **state) {
  (void)state;
  limits.goes_on = limits.session.is_secured = true;
  start();
  say("MAIL FROM:<a@b>\r\n");
  hear("503 5.5.1 EHLO or HELO first\r\n");
  say("EHLO me\r\n");
  hear("250-mx\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-CHUNKING\r\n250-SMTPUTF8\r\n"
       "250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250-HELP\r\n250-REQUIRETLS\r\n250 SIZE 1000\r\n");
  say("STARTTLS\r\n");
  hear("503 5.5.1 TLS is on already\r\n");
  say("MAIL FROM:<a@b> REQUIRETLS=1\r\n");
  hear("501 5.5.4 a parameter has a value that cannot be\r\n");
  say("MAIL FROM:<a@b> REQUIRETLS\r\n");
  grant(DOOR_MAIL);
  hear("250 2.0.0 ok\r\n");
  assert_int_equal(end(), TALKER_CLIENT_LEFT);
}

static void without_it_nothing_goes_where_it_is_needed(void **state) {
  (void)state;
  limits.session.needs_tls = true;
  greet();
  say("NOOP\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nVRFY a\r\nRSET\r\n");
  hear("250 2.0.0 ok\r\n530 5.7.0 must issue a STARTTLS command first\r\n"
       "530 5.7.0 must issue a STARTTLS command first\r\n530 5.7.0 must issue a STARTTLS command first\r\n"
       "250 2.0.0 flushed\r\n");
  assert_int_equal(end(), TALKER_CLIENT_LEFT);
}

/* A bounce would be wrong: the daemon may be there in a minute. */
static void where_it_is_needed_and_missing_mail_waits(void **state) {
  (void)state;
  limits_forget(state);
  limits.session.needs_tls = true;
  start();
  hear("220 mx ESMTP\r\n");
  say("HELO me\r\nMAIL FROM:<a@b>\r\n");
  hear("250 mx\r\n454 4.7.0 TLS is not available now, please come again later\r\n");
  assert_int_equal(end(), TALKER_CLIENT_LEFT);
}

/* Implicit TLS behind a proxy: the ClientHello stays in the socket. */
static void nothing_behind_a_proxy_header_is_read(void **state) {
  char left[16];
  (void)state;
  limits.is_proxied = limits.begins_with_tls = true;
  start();
  say("PROXY TCP4 192.0.2.1 192.0.2.2 1 465\r\n\x16\x03\x01hello");
  grant(DOOR_PROXY);
  allow();
  assert_int_equal(end(), TALKER_STARTTLS);
  assert_int_equal(io_read(kept, left, sizeof left, LIMIT_MS), 8);
  assert_memory_equal(left, "\x16\x03\x01hello", 8);
  close(kept);
}

#define OFFERED(TEST) cmocka_unit_test_setup_teardown(TEST, offer, limits_forget)

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  alarm(120);
  const struct CMUnitTest tests[] = {
    OFFERED(ends_behind_220),
    OFFERED(takes_no_for_an_answer),
    OFFERED(nothing_goes_behind_it),
    OFFERED(nor_in_the_next_segment),
    OFFERED(is_refused_out_of_turn),
    OFFERED(is_refused_in_a_transaction),
    cmocka_unit_test_setup_teardown(begins_anew_under_tls, limits_forget, limits_forget),
    OFFERED(without_it_nothing_goes_where_it_is_needed),
    OFFERED(where_it_is_needed_and_missing_mail_waits),
    OFFERED(nothing_behind_a_proxy_header_is_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
