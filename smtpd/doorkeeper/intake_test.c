/* What reaches the injector, and what it says. */
#include "config.h"
#include "smtpd/doorkeeper/testtalker.h"

/* The injector that notes them. */
static void granted_terms_reach_the_injector(void **state) {
  struct envelope_recipient to = {.address = text_of("\xC3\xA9@ok.example"), .notify = NOTIFY_SUCCESS,
                                  .orcpt = text_of("utf-8;\xC3\xA9@x")};
  struct door_request mail = mail_request("\xC3\xA9@a.example"),
                      rcpt = {.envelope = {.recipients = &to, .recipient_count = 1}};
  struct envelope e = {0};
  int fd;
  (void)state;
  mail.envelope.smtputf8 = true;
  mail.envelope.ret = RET_HEADERS;
  mail.envelope.envid = text_of("QQ 1");
  char line[300];
  snprintf(line, sizeof line, "cat /proc/self/fd/$OWLPOST_ENVELOPE >%s/extra; exit 0", folder);
  use_injector(line);
  start();
  assert_int_equal(send_request(DOOR_MAIL, &mail, &fd), 250);
  assert_int_equal(send_request(DOOR_RCPT, &rcpt, &fd), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  put_data(fd, "x\n");
  assert_int_equal(ask_complete(2), 250);
  end();
  assert_int_equal(envelope_decode(&e, slurp("extra")), ENVELOPE_OK);
  assert_true(text_equals(e.envid, "QQ 1") && text_equals(e.protocol, "UTF8SMTP"));
  assert_true(e.smtputf8 && e.ret == RET_HEADERS && e.recipient_count == 1);
  assert_true(text_equals(e.recipients[0].orcpt, "utf-8;\xC3\xA9@x"));
  assert_int_equal(e.recipients[0].notify, NOTIFY_SUCCESS);
  envelope_free(&e);
  forget_message();
  use_injector("exit 0");
}

static unsigned queue_with(const char *last_line) {
  int fd;
  use_injector(last_line);
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  put_data(fd, "x\n");
  unsigned code = ask_complete(2);
  end();
  forget_message();
  return code;
}

static void the_injectors_exit_code_is_the_reply(void **state) {
  (void)state;
  assert_int_equal(queue_with("exit 31"), 554);
  assert_int_equal(queue_with("exit 53"), 452);
  assert_int_equal(queue_with("exit 71"), 451);
  assert_int_equal(queue_with("exit 120"), 451);
  assert_int_equal(queue_with("kill -9 $$"), 451);
  assert_int_equal(queue_with("echo no viruses here >&6; exit 88"), 554);
  use_injector("exit 0");
}

static void a_filter_that_takes_no_data_tells_why(void **state) {
  int fd, none;
  (void)state;
  write_script("injector", "#!/bin/sh\nexec <&-\nexit 53\n");
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(ask_rcpt("one@ok.example"), 250);
  assert_int_equal(ask_plain(DOOR_DATA, &fd), 354);
  close(fd);
  assert_int_equal(ask_plain(DOOR_ABORT, &none), 452);
  end();
  use_injector("exit 0");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(granted_terms_reach_the_injector),
    cmocka_unit_test(the_injectors_exit_code_is_the_reply),
    cmocka_unit_test(a_filter_that_takes_no_data_tells_why),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
