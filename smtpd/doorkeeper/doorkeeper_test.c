/* A talker that has been taken over: it sends the doorkeeper what it likes, in any order. */
#include "config.h"
#include "smtpd/doorkeeper/testtalker.h"

static void a_granted_message_is_queued_as_granted(void **state) {
  int fd;
  (void)state;
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_rcpt("two@ok.example"), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  put_data(fd, "Subject: x\n\nhello\n");
  assert_int_equal(ask_complete(18), 250);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  struct text envelope = slurp("envelope"), message = slurp("message");
  static const char expected[] = "Fs@a.example\0Tone@ok.example\0Ttwo@ok.example\0";
  assert_true(text_equal(envelope, (struct text){expected, sizeof expected}));
  static const char trace[] = "Received: from h.example (";
  assert_true(message.len > 100);
  assert_memory_equal(message.s, trace, sizeof trace - 1);
  assert_memory_equal(message.s + message.len - 18, "Subject: x\n\nhello\n", 18);
  forget_message();
}

static void recipients_that_were_not_granted_get_nothing(void **state) {
  int fd;
  (void)state;
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_rcpt("two@evil.example"), 553);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  assert_int_equal(ask_rcpt("two@ok.example"), 503); /* too late */
  put_data(fd, "x\n");
  assert_int_equal(ask_complete(2), 250);
  end();
  struct text envelope = slurp("envelope");
  static const char expected[] = "Fs@a.example\0Tone@ok.example\0";
  assert_true(text_equal(envelope, (struct text){expected, sizeof expected}));
  forget_message();
}

static void requests_out_of_turn_are_refused(void **state) {
  int fd;
  (void)state;
  start();
  assert_int_equal(ask_rcpt("one@ok.example"), 503);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 503);
  assert_int_equal(ask_complete(0), 503);
  assert_int_equal(ask_plain(DOOR_ABORT, &fd), 250);
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_mail("s@a.example"), 503);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 503); /* no recipient */
  assert_int_equal(ask_complete(0), 503);
  assert_int_equal(ask_rcpt("two@evil.example"), 553);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 503); /* none granted */
  assert_int_equal(ask_plain(DOOR_TLS, &fd), 502);
  assert_int_equal(ask_plain(DOOR_AUTH, &fd), 502);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  assert_false(is_queued());
}

static void one_grant_is_for_one_message(void **state) {
  int fd;
  (void)state;
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  int second;
  assert_int_equal(ask_plain(DOOR_DATA, &second), 503);
  assert_int_equal(second, -1);
  put_data(fd, "x\n");
  assert_int_equal(ask_complete(2), 250);
  assert_true(is_queued());
  forget_message();
  assert_int_equal(ask_complete(2), 503);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 503);
  assert_int_equal(ask_rcpt("one@ok.example"), 503);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  assert_false(is_queued());
}

static void nothing_is_queued_after_abort(void **state) {
  int fd;
  (void)state;
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  put_data(fd, "x\n");
  int none;
  assert_int_equal(ask_plain(DOOR_ABORT, &none), 451);
  assert_int_equal(ask_complete(2), 503);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  assert_false(is_queued());
}

static void nothing_is_queued_when_the_talker_dies(void **state) {
  int fd;
  (void)state;
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  put_data(fd, "x\n");
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  assert_false(is_queued());
}

static void addresses_that_do_not_fit_are_refused(void **state) {
  struct door_request r = mail_request("s@a.example");
  int fd;
  (void)state;
  start();
  assert_int_equal(ask_mail("spam@bad.example"), 553);
  r.octets = settings.databytes + 1;
  assert_int_equal(send_request(DOOR_MAIL, &r, &fd), 552);
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt(""), 501);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_rcpt("two@ok.example"), 250);
  assert_int_equal(ask_rcpt("three@ok.example"), 250);
  assert_int_equal(ask_rcpt("four@ok.example"), 452);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
}

/* It is not offered without TLS, and the talker does not ask. */
static void requiretls_without_tls_ends_the_session(void **state) {
  struct door_request r = mail_request("s@a.example");
  int fd;
  (void)state;
  start();
  r.envelope.requiretls = true;
  assert_int_equal(send_request(DOOR_MAIL, &r, &fd), 0);
  assert_int_equal(end(), DOORKEEPER_MALFORMED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_granted_message_is_queued_as_granted),
    cmocka_unit_test(recipients_that_were_not_granted_get_nothing),
    cmocka_unit_test(requests_out_of_turn_are_refused),
    cmocka_unit_test(one_grant_is_for_one_message),
    cmocka_unit_test(nothing_is_queued_after_abort),
    cmocka_unit_test(nothing_is_queued_when_the_talker_dies),
    cmocka_unit_test(addresses_that_do_not_fit_are_refused),
    cmocka_unit_test(requiretls_without_tls_ends_the_session),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
