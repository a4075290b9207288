/* Requests that no honest talker would send. */
#include "config.h"
#include "smtpd/doorkeeper/testtalker.h"

static const struct {
  const char *name;
  const char *octets;
  size_t len;
} broken[] = {
#define BROKEN(NAME, OCTETS) {NAME, OCTETS, sizeof(OCTETS) - 1}
  BROKEN("wrong protocol", "\0\0\0\0A\1\0\3"),
  BROKEN("wrong version", "\0\0\0\0D\2\0\3"),
  BROKEN("unknown flag", "\0\0\0\0D\1\2\3"),
  BROKEN("descriptor promised, none sent", "\0\0\0\0D\1\1\3"),
  BROKEN("longer than any request", "\0\1\0\0D\1\0\3"),
  BROKEN("longest length", "\xff\xff\xff\xff" "D\1\0\3"),
  BROKEN("no such request", "\0\0\0\0D\1\0\143"),
  BROKEN("a question", "\0\0\0\0D\1\0\10"),
  BROKEN("an answer", "\0\0\0\0D\1\0\11"),
  BROKEN("item cut short", "\0\0\0\5D\1\0\1\0\1\0\0\0"),
  BROKEN("item longer than the payload", "\0\0\0\10D\1\0\1\0\1\0\0\0\11ab"),
  BROKEN("number of three octets", "\0\0\0\11D\1\0\4\4\0\0\0\0\3abc"),
  BROKEN("octets beyond the greatest", "\0\0\0\16D\1\0\4\4\0\0\0\0\10\xff\xff\xff\xff\xff\xff\xff\xff"),
  BROKEN("unknown item", "\0\0\0\6D\1\0\3\x7f\x7f\0\0\0\0"),
  BROKEN("MAIL without anything", "\0\0\0\0D\1\0\1"),
  BROKEN("RCPT without a recipient", "\0\0\0\0D\1\0\2"),
  BROKEN("two recipients", "\0\0\0\20D\1\0\2\100\1\0\0\0\2ab\100\1\0\0\0\2ab"),
  BROKEN("recipient's terms alone", "\0\0\0\7D\1\0\2\100\2\0\0\0\1a"),
  BROKEN("line feed in a recipient", "\0\0\0\22D\1\0\2\100\1\0\0\0\14a\n@ok.example"),
  BROKEN("DEL in a recipient", "\0\0\0\22D\1\0\2\100\1\0\0\0\14\177a@ok.example"),
  BROKEN("DATA with an item", "\0\0\0\7D\1\0\3\0\1\0\0\0\1a"),
  BROKEN("TLS with an item", "\0\0\0\7D\1\0\6\0\1\0\0\0\1a"),
  BROKEN("frame cut short", "\0\0\0\6D\1\0\3\x7f"),
#undef BROKEN
};

/* A recipient of 1004 octets in a frame that is well formed. */
static void a_recipient_that_is_too_long_ends_the_session(void **state) {
  static char request[14 + ENVELOPE_ADDRESS_MAX + 1] = "\0\0\3\362D\1\0\2\100\1\0\0\3\354";
  int fd;
  (void)state;
  memset(request + 14, 'a', sizeof request - 14);
  start();
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(io_write_all(door, request, sizeof request, LIMIT_MS), 0);
  assert_int_equal(await(&fd), 0);
  assert_int_equal(end(), DOORKEEPER_MALFORMED);
}

static void malformed_frames_end_the_session(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
    int fd;
    start();
    assert_int_equal(ask_mail("s@a.example"), 250);
    assert_int_equal(io_write_all(door, broken[i].octets, broken[i].len, LIMIT_MS), 0);
    shutdown(door, SHUT_WR);
    unsigned code = await(&fd);
    int how = end();
    if (code || how != DOORKEEPER_MALFORMED)
      fail_msg("%s: code %u, end %d", broken[i].name, code, how);
  }
}

/* What only the doorkeeper may say of a message. */
static void facts_are_not_taken_from_the_talker(void **state) {
  struct door_request r[] = {
    mail_request("s@a.example"), mail_request("s@a.example"), mail_request("s@a.example"),
    mail_request("s@a.example"), mail_request("s@a.example"), mail_request("s@a.example"),
    mail_request("s@a.example"),
  };
  (void)state;
  r[0].envelope.auth_user = text_of("root");
  r[1].envelope.client_address = text_of("127.0.0.1");
  r[2].envelope.kind = KIND_DSN;
  r[3].envelope.protocol = text_of("ESMTPSA");
  r[4].envelope.tls = text_of("TLSv1.3");
  r[5].envelope.submitter_uid = 1;
  r[6].envelope.priority = 19;
  for (size_t i = 0; i < sizeof r / sizeof r[0]; i++) {
    int fd;
    start();
    assert_int_equal(send_request(DOOR_MAIL, &r[i], &fd), 0);
    if (end() != DOORKEEPER_MALFORMED) fail_msg("request %zu", i);
  }
}

/* What an honest talker would not ask for, and the encoding allows. */
static void terms_beyond_their_limits_end_the_session(void **state) {
  static char long_text[600];
  struct envelope_recipient to[8];
  struct door_request mail[5];
  int fd;
  (void)state;
  memset(long_text, 'x', sizeof long_text - 1);
  for (size_t i = 0; i < sizeof mail / sizeof mail[0]; i++) mail[i] = mail_request("s@a.example");
  mail[0].envelope.envid = text_of("");
  mail[2].envelope.envid = text_of("\xC3\xA9");
  mail[4].envelope.sender = text_of("\xC3\xA9@a.example");
  mail[3].envelope.sender = text_of("\xC3@a.example");
  mail[3].envelope.smtputf8 = true;
  mail[1].envelope.protocol = text_of("SMTP");
  mail[1].envelope.smtputf8 = true;
  for (size_t i = 0; i < sizeof mail / sizeof mail[0]; i++) {
    start();
    assert_int_equal(send_request(DOOR_MAIL, &mail[i], &fd), 0);
    if (end() != DOORKEEPER_MALFORMED) fail_msg("MAIL %zu", i);
  }
  for (size_t i = 0; i < sizeof to / sizeof to[0]; i++)
    to[i] = (struct envelope_recipient){.address = text_of("one@ok.example")};
  to[0].notify = NOTIFY_NEVER | NOTIFY_DELAY;
  to[2].orcpt = text_of("");
  to[3].orcpt = text_of("rfc822");
  to[4].orcpt = text_of("rfc822;\xC3\xA9");
  to[5].orcpt = (struct text){long_text, 501};
  to[6].address = text_of("\xC3\xA9@ok.example");
  to[7].index = 1;
  to[1].orcpt = text_of("utf-8;\xFF");
  for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
    struct door_request r = {.envelope = {.recipients = &to[i], .recipient_count = 1}};
    start();
    assert_int_equal(ask_mail("s@a.example"), 250);
    assert_int_equal(send_request(DOOR_RCPT, &r, &fd), 0);
    if (end() != DOORKEEPER_MALFORMED) fail_msg("RCPT %zu", i);
  }
}

static void a_descriptor_from_the_talker_ends_the_session(void **state) {
  int fd;
  (void)state;
  start();
  assert_int_equal(frame_send(door, &door_protocol, DOOR_DATA, text_of(""), 0, LIMIT_MS), 0);
  assert_int_equal(await(&fd), 0);
  assert_int_equal(end(), DOORKEEPER_MALFORMED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_recipient_that_is_too_long_ends_the_session),
    cmocka_unit_test(malformed_frames_end_the_session),
    cmocka_unit_test(facts_are_not_taken_from_the_talker),
    cmocka_unit_test(terms_beyond_their_limits_end_the_session),
    cmocka_unit_test(a_descriptor_from_the_talker_ends_the_session),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
