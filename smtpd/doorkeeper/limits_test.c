/* Limits of a session and of a message. */
#include "config.h"
#include "smtpd/doorkeeper/testtalker.h"

static int limits_forget(void **state) {
  (void)state;
  settings.maxtransactions = settings.maxrequests = 0;
  return 0;
}

static void transactions_are_counted(void **state) {
  int fd;
  (void)state;
  settings.maxtransactions = 2;
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_plain(DOOR_ABORT, &fd), 250);
  assert_int_equal(ask_mail("spam@bad.example"), 553);
  assert_int_equal(ask_mail("s@a.example"), 421);
  assert_int_equal(ask_rcpt("one@ok.example"), 503);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
}

static void requests_are_counted(void **state) {
  int fd;
  unsigned n = 0;
  (void)state;
  settings.maxrequests = 3;
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_rcpt("x@evil.example"), 553);
  assert_int_equal(ask_rcpt("two@ok.example"), 421);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354); /* what is under way comes to its end */
  put_data(fd, "x\n");
  assert_int_equal(ask_complete(2), 250);
  forget_message();
  assert_int_equal(ask_mail("s@a.example"), 421);
  while (n < 2000 && ask_plain(DOOR_ABORT, &fd)) n++;
  assert_in_range(n, 900, 1000);
  assert_int_equal(end(), DOORKEEPER_MALFORMED);
}

static void more_data_than_allowed_is_not_queued(void **state) {
  int fd;
  (void)state;
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  put_data(fd, "x\n");
  assert_int_equal(ask_complete(settings.databytes + 1), 552);
  end();
  assert_false(is_queued());
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(transactions_are_counted, limits_forget),
    cmocka_unit_test_teardown(requests_are_counted, limits_forget),
    cmocka_unit_test(more_data_than_allowed_is_not_queued),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
