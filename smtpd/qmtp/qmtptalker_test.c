/* QMTP: what the doorkeeper is asked, and the responses, for input that comes
 * octet by octet and all at once. */
#include "config.h"
#include "smtpd/qmtp/qmtptalker.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "smtpd/qmtp/testpeer.h"

enum { RECIPIENTS_MAX = 3 };

#define MANY "too many recipients, send the others with another copy (#4.5.3)"
#define ALONE "the message has a CR or LF alone; only CRLF ends a line (#5.6.11)"
#define LOOPING "too many hops, this message is looping (#5.4.6)"
#define LARGE "that message is too large for this server (#5.3.4)"

static const size_t paces[] = {1, 3, 10000};

struct letter_case {
  const char *message, *sender, *recipients; /* with the encoding; divided by spaces */
  const char *responses, *asked, *stored;
};

static const struct letter_case letters[] = {
  /* both encodings, and LF in the queue */
  {"\nS: x\n\nb\n", "a@b", "joe@x", "Kok", "data mail:a@b rcpt:joe@x complete:8", "S: x\n\nb\n"},
  {"\rS: x\r\n\r\nb\r\n", "a@b", "joe@x", "Kok", "data mail:a@b rcpt:joe@x complete:8", "S: x\n\nb\n"},
  /* dots are octets like others */
  {"\n.\n..\n", "", "joe@x", "Kok", "data mail: rcpt:joe@x complete:5", ".\n..\n"},
  {"\n", "a@b", "joe@x", "Kok", "data mail:a@b rcpt:joe@x complete:0", ""},
  /* a response for each, in their order */
  {"\nb\n", "a@b", "no@x joe@x later@x", "Dnot here (#5.1.1)|Kok|Znot now (#4.3.0)",
   "data mail:a@b rcpt:no@x rcpt:joe@x rcpt:later@x complete:2", "b\n"},
  /* what is no address is not asked about */
  {"\nb\n", "a@b", "joe@x  a\tb@x", "Kok|Dthat is no address (#5.1.3)|Dthat is no address (#5.1.3)",
   "data mail:a@b rcpt:joe@x complete:2", "b\n"},
  {"\nb\n", "a\1@b", "joe@x ann@x", "Dthat is no address (#5.1.7)|Dthat is no address (#5.1.7)",
   "data abort:5.1.7", ""},
  /* none is left */
  {"\nb\n", "a@b", "no@x", "Dnot here (#5.1.1)", "data mail:a@b rcpt:no@x abort:5.1.1", ""},
  {"\nb\n", "a@b", "", "", "data mail:a@b abort:5.1.1", ""},
  /* more than it takes */
  {"\nb\n", "a@b", "r1@x r2@x r3@x no@x r5@x",
   "Kok|Kok|Kok|Z" MANY "|Z" MANY,
   "data mail:a@b rcpt:r1@x rcpt:r2@x rcpt:r3@x complete:2", "b\n"},
  /* a verdict on the whole is told for every recipient, and they are not asked about */
  {"\nb\n", "no@b", "joe@x ann@x", "Dnot here (#5.1.1)|Dnot here (#5.1.1)", "data mail:no@b abort:5.1.1", ""},
  {"\nb\n", "later@b", "joe@x", "Znot now (#4.3.0)", "data mail:later@b abort:4.3.0", ""},
  {"\na\rb\n", "a@b", "joe@x", "D" ALONE, "data mail:a@b abort:5.6.11", ""},
  {"\ra\nb\r\n", "a@b", "joe@x", "D" ALONE, "data mail:a@b abort:5.6.11", ""},
  {"\ra\n", "a@b", "joe@x joe@x r3@x r4@x", "D" ALONE "|D" ALONE "|D" ALONE "|Z" MANY, "data mail:a@b abort:5.6.11", ""},
  {"\nReceived:\n\n", "a@b", "joe@x", "Kok", "data mail:a@b rcpt:joe@x complete:11", "Received:\n\n"},
  {"\nReceived:\nreceived:\n", "a@b", "joe@x", "D" LOOPING, "data mail:a@b abort:5.4.6", ""},
  /* too large with its line ends as CRLF; at once, and at its end */
  {"\n012345678\n012345678\n", "a@b", "joe@x", "Kok", "data mail:a@b rcpt:joe@x complete:20", "012345678\n012345678\n"},
  {"\n012345678\n0123456789\n", "a@b", "joe@x", "D" LARGE, "data mail:a@b abort:5.3.4", ""},
  {"\n0123456789012345678901\n", "a@b", "joe@x", "D" LARGE, "mail:a@b:23", ""},
};

/* What is not formed as the protocol says: no response, and nothing is queued. */
static const struct {
  const char *octets, *asked;
  enum talker_end end;
} broken[] = {
  {"", "", TALKER_QUIT},
  {"0:,", "", TALKER_HUNG_UP},
  {"2:xb,", "", TALKER_HUNG_UP}, /* no such encoding */
  {"02:\nb,", "", TALKER_HUNG_UP},
  {"EHLO x\r\n", "", TALKER_HUNG_UP},
  {"2:\nb;", "data", TALKER_HUNG_UP},
  {"2:\nb,3:a@b,3:joe,", "data mail:a@b", TALKER_HUNG_UP},
  {"2:\nb,3:a@b,6:4:r1@x,,", "data mail:a@b", TALKER_HUNG_UP}, /* the inner one does not fit */
  {"2:\nb,3:a@b,8388609:", "data mail:a@b", TALKER_HUNG_UP},
  {"2:\nb,3:a@b,7:4:r1@x,", "data mail:a@b rcpt:r1@x", TALKER_CLIENT_LEFT},
  {"2:\nb,3:a@b,", "data mail:a@b", TALKER_CLIENT_LEFT},
  {"2:\nb,", "data", TALKER_CLIENT_LEFT},
  {"9:\nb", "data", TALKER_CLIENT_LEFT},
  {"9", "", TALKER_CLIENT_LEFT},
  /* the doorkeeper is gone */
  {"2:\nb,6:gone@b,", "data mail:gone@b", TALKER_SHUTDOWN},
  {"2:\nb,3:a@b,9:6:gone@x,,", "data mail:a@b rcpt:gone@x", TALKER_SHUTDOWN},
};

static void add(struct testpeer *p, const struct letter_case *c) {
  testpeer_netstring(&p->input, text_of(c->message));
  testpeer_netstring(&p->input, text_of(c->sender));
  stralloc recipients = {0};
  testpeer_netstrings(&recipients, c->recipients, ' ');
  testpeer_netstring(&p->input, text_of_stralloc(&recipients));
  stralloc_free(&recipients);
}

static void expect(struct testpeer *p, const struct letter_case *c) {
  assert_int_equal(qmtptalker_run(p->letter, RECIPIENTS_MAX), TALKER_QUIT);
  testpeer_expect(p, c->responses, c->asked, c->stored);
  testpeer_close(p);
}

static void messages_are_judged(void **state) {
  (void)state;
  struct testpeer p;
  for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
    for (size_t k = 0; k < sizeof paces / sizeof paces[0]; k++) {
      testpeer_open(&p, "QMTP", paces[k]);
      add(&p, &letters[i]);
      expect(&p, &letters[i]);
    }
}

static void what_is_not_formed_queues_nothing(void **state) {
  (void)state;
  struct testpeer p;
  for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
    for (size_t k = 0; k < sizeof paces / sizeof paces[0]; k++) {
      testpeer_open(&p, "QMTP", paces[k]);
      assert_true(stralloc_cats(&p.input, broken[i].octets));
      assert_int_equal(qmtptalker_run(p.letter, RECIPIENTS_MAX), broken[i].end);
      testpeer_expect(&p, "", broken[i].asked, "");
      testpeer_close(&p);
    }
}

static void messages_follow_each_other(void **state) {
  (void)state;
  static const struct letter_case all = {
    .responses = "Kok|Dnot here (#5.1.1)|Kok",
    .asked = "data mail:a@b rcpt:joe@x complete:2 data mail:a@b rcpt:no@x abort:5.1.1 data mail: rcpt:ann@x complete:2",
    .stored = "3\n"};
  struct testpeer p;
  for (size_t k = 0; k < sizeof paces / sizeof paces[0]; k++) {
    testpeer_open(&p, "QMTP", paces[k]);
    add(&p, &(struct letter_case){.message = "\n1\n", .sender = "a@b", .recipients = "joe@x"});
    add(&p, &(struct letter_case){.message = "\n2\n", .sender = "a@b", .recipients = "no@x"});
    add(&p, &(struct letter_case){.message = "\r3\r\n", .sender = "", .recipients = "ann@x"});
    expect(&p, &all);
  }
}

static void a_session_that_is_to_end_takes_no_further_message(void **state) {
  (void)state;
  struct testpeer p;
  testpeer_open(&p, "QMTP", 10000);
  add(&p, &(struct letter_case){.message = "\n1\n", .sender = "end@b", .recipients = "joe@x"});
  add(&p, &(struct letter_case){.message = "\n2\n", .sender = "a@b", .recipients = "joe@x"});
  assert_int_equal(qmtptalker_run(p.letter, RECIPIENTS_MAX), TALKER_SHUTDOWN);
  testpeer_expect(&p, "Kok", "data mail:end@b rcpt:joe@x complete:2", "1\n");
  testpeer_close(&p);
}

static void what_finds_no_place_is_deferred(void **state) {
  (void)state;
  static const struct letter_case none = {"\nb\n", "a@b", "joe@x ann@x", "Zno space (#4.3.1)|Zno space (#4.3.1)", "data", ""},
    torn = {"\nb\n", "a@b", "joe@x", "Zthe injector failed (#4.3.0)", "data mail:a@b abort:4.3.0", ""};
  struct testpeer p;
  testpeer_open(&p, "QMTP", 10000);
  p.place = PLACE_NONE;
  add(&p, &none);
  expect(&p, &none);
  testpeer_open(&p, "QMTP", 10000);
  p.place = PLACE_BROKEN_PIPE;
  add(&p, &torn);
  expect(&p, &torn);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(messages_are_judged),
    cmocka_unit_test(what_is_not_formed_queues_nothing),
    cmocka_unit_test(messages_follow_each_other),
    cmocka_unit_test(a_session_that_is_to_end_takes_no_further_message),
    cmocka_unit_test(what_finds_no_place_is_deferred),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
