/* Envelopes that come behind their message (early.h). */
#include "config.h"
#include "smtpd/doorkeeper/testtalker.h"

/* As in QMTP: *fd is the place for the data. */
static unsigned ask_early_data(int *fd) {
  struct door_request r = {.envelope = {.protocol = text_of("QMTP")}};
  return send_request(DOOR_DATA, &r, fd);
}

static unsigned ask_early_mail(const char *protocol) {
  struct door_request r = mail_request("s@a.example");
  int fd;
  r.envelope.helo = text_of("");
  r.envelope.protocol = text_of(protocol);
  return send_request(DOOR_MAIL, &r, &fd);
}

static void an_envelope_may_come_behind_its_message(void **state) {
  int fd;
  (void)state;
  start();
  for (unsigned i = 0; i < 2; i++) {
    assert_int_equal(ask_early_data(&fd), 354);
    put_data(fd, "hello\n");
    assert_int_equal(ask_early_mail("QMTP"), 250);
    assert_int_equal(ask_rcpt("two@evil.example"), 553);
    assert_int_equal(ask_rcpt("one@ok.example"), 250);
    assert_int_equal(ask_complete(6), 250);
    struct text envelope = slurp("envelope"), message = slurp("message");
    static const char expected[] = "Fs@a.example\0Tone@ok.example\0";
    assert_true(text_equal(envelope, (struct text){expected, sizeof expected}));
    assert_non_null(strstr(message.s, " with QMTP id "));
    assert_memory_equal(message.s + message.len - 6, "hello\n", 6);
    forget_message();
  }
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
}

static void early_requests_out_of_turn_are_refused(void **state) {
  int fd, second;
  (void)state;
  start();
  assert_int_equal(ask_early_mail("QMTP"), 503); /* needs data */
  assert_int_equal(ask_early_data(&fd), 354);
  assert_int_equal(ask_early_data(&second), 503);
  assert_int_equal(ask_rcpt("one@ok.example"), 503);
  assert_int_equal(ask_mail("s@a.example"), 503);    /* of ESMTP */
  assert_int_equal(ask_early_mail("QMQP"), 503);
  assert_int_equal(ask_complete(0), 503);
  assert_int_equal(ask_early_mail("QMTP"), 250);
  assert_int_equal(ask_early_mail("QMTP"), 503);
  assert_int_equal(ask_rcpt("two@evil.example"), 553);
  close(fd);
  assert_int_equal(ask_complete(0), 503); /* nobody granted */
  assert_int_equal(ask_plain(DOOR_ABORT, &fd), 451);
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_early_data(&fd), 503);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  assert_false(is_queued());
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_envelope_may_come_behind_its_message),
    cmocka_unit_test(early_requests_out_of_turn_are_refused),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
