/* The site's program, asked by a doorkeeper in this process. */
#include "config.h"
#include "smtpd/doorkeeper/rcptcheck.h"
#include "smtpd/doorkeeper/admit.h"
#include "smtpd/doorkeeper/testtalker.h"

/* Or else its cost would grow with the square of their number. */
static void recipients_before_are_not_read_again(void **state) {
  struct door_request mail = mail_request("s@a.example");
  struct envelope_recipient one = {.address = text_of("one@ok.example")};
  struct door_request rcpt = {.envelope = {.recipients = &one, .recipient_count = 1}};
  struct doorkeeper k;
  char path[200];
  (void)state;
  write_script("rcptcheck", "#!/bin/sh\necho $SENDER, $RECIPIENT, $HELO; exit 100\n");
  path_of(path, "rcptcheck");
  doorkeeper_open(&k, &settings, &client, &clock_system, &silent);
  assert_int_equal(admit_sender(&k, &mail).answer.result.reply_code, 250);
  assert_int_equal(admit_recipient(&k, &rcpt).answer.result.reply_code, 250);
  assert_true(stralloc_cats(&k.grant, "no octets of an envelope"));
  settings.rcptcheck = path;
  struct outcome o = rcptcheck_ask(&k, text_of("two@ok.example"));
  settings.rcptcheck = NULL;
  assert_int_equal(o.answer.result.reply_code, 553);
  assert_true(text_equals(o.answer.result.text, "s@a.example, two@ok.example, h.example"));
  doorkeeper_close(&k);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(recipients_before_are_not_read_again)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
