/* QMQP: what the doorkeeper is asked, and the response, for input that comes
 * octet by octet and all at once. */
#include "config.h"
#include "smtpd/qmtp/qmqptalker.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "smtpd/qmtp/testpeer.h"

#define ALONE "the message has a CR or LF alone; only CRLF ends a line (#5.6.11)"
#define LARGE "that message is too large for this server (#5.3.4)"

static const size_t paces[] = {1, 3, 10000};

struct letter_case {
  const char *message, *sender, *recipients; /* divided by spaces */
  const char *response, *asked, *stored;
};

static const struct letter_case letters[] = {
  {"S: x\n\nb\n", "a@b", "joe@x", "Kok", "data mail:a@b rcpt:joe@x complete:8", "S: x\n\nb\n"},
  {".\n..\n", "", "joe@x ann@x", "Kok", "data mail: rcpt:joe@x rcpt:ann@x complete:5", ".\n..\n"},
  {"", "a@b", "joe@x", "Kok", "data mail:a@b rcpt:joe@x complete:0", ""},
  /* all or nothing: the first refusal is the response, and the last question */
  {"b\n", "a@b", "joe@x no@x later@x", "Dnot here (#5.1.1)", "data mail:a@b rcpt:joe@x rcpt:no@x abort:5.1.1", ""},
  {"b\n", "a@b", "joe@x later@x no@x", "Znot now (#4.3.0)", "data mail:a@b rcpt:joe@x rcpt:later@x abort:4.3.0", ""},
  {"b\n", "a@b", "joe@x  ann@x", "Dthat is no address (#5.1.3)", "data mail:a@b rcpt:joe@x abort:5.1.3", ""},
  {"b\n", "a\1@b", "joe@x", "Dthat is no address (#5.1.7)", "data abort:5.1.7", ""},
  {"b\n", "no@b", "joe@x ann@x", "Dnot here (#5.1.1)", "data mail:no@b abort:5.1.1", ""},
  {"b\n", "a@b", "", "Dno recipient can be taken (#5.1.1)", "data mail:a@b abort:5.1.1", ""},
  /* lines end with LF, and count as CRLF */
  {"b\r\n", "a@b", "joe@x", "D" ALONE, "data mail:a@b abort:5.6.11", ""},
  {"Received:\nreceived:\n", "a@b", "joe@x", "Dtoo many hops, this message is looping (#5.4.6)", "data mail:a@b abort:5.4.6", ""},
  {"012345678\n012345678\n", "a@b", "joe@x", "Kok", "data mail:a@b rcpt:joe@x complete:20", "012345678\n012345678\n"},
  {"012345678\n0123456789\n", "a@b", "joe@x", "D" LARGE, "data mail:a@b abort:5.3.4", ""},
  {"0123456789012345678901\n", "a@b", "joe@x", "D" LARGE, "mail:a@b:23", ""},
};

/* What is not formed as the protocol says: no response, and nothing is queued. */
static const struct {
  const char *octets, *asked;
  enum talker_end end;
} broken[] = {
  {"", "", TALKER_QUIT},
  {"0:,", "", TALKER_HUNG_UP},
  {"EHLO x\r\n", "", TALKER_HUNG_UP},
  {"018:2:b\n,3:a@b,4:r1@x,,", "", TALKER_HUNG_UP},
  {"18:2:b\n,3:a@b,4:r1@x,;", "data mail:a@b rcpt:r1@x", TALKER_HUNG_UP},
  {"17:2:b\n,3:a@b,4:r1@x,,", "data mail:a@b", TALKER_HUNG_UP}, /* its end is in a recipient */
  {"19:2:b\n,3:a@b,4:r1@x,,", "data mail:a@b rcpt:r1@x", TALKER_HUNG_UP},
  {"18:20:b\n,3:a@b,4:r1@x,,", "", TALKER_HUNG_UP}, /* the message is longer than the whole */
  {"8388700:2:b\n,", "", TALKER_HUNG_UP},
  {"18:2:b\n,3:a@b,4:r1@x,", "data mail:a@b rcpt:r1@x", TALKER_CLIENT_LEFT},
  {"18:2:b\n,3:a@b,", "data mail:a@b", TALKER_CLIENT_LEFT},
  {"18:2:b", "data", TALKER_CLIENT_LEFT},
  {"20:2:b\n,6:gone@b,4:r1@x,,", "data mail:gone@b", TALKER_SHUTDOWN},
};

static void add(struct testpeer *p, const struct letter_case *c) {
  stralloc all = {0};
  testpeer_netstring(&all, text_of(c->message));
  testpeer_netstring(&all, text_of(c->sender));
  testpeer_netstrings(&all, c->recipients, ' ');
  testpeer_netstring(&p->input, text_of_stralloc(&all));
  stralloc_free(&all);
}

static void expect(struct testpeer *p, const struct letter_case *c, enum talker_end end) {
  assert_int_equal(qmqptalker_run(p->letter), end);
  testpeer_expect(p, c->response, c->asked, c->stored);
  testpeer_close(p);
}

static void messages_are_judged(void **state) {
  (void)state;
  struct testpeer p;
  for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
    for (size_t k = 0; k < sizeof paces / sizeof paces[0]; k++) {
      testpeer_open(&p, "QMQP", paces[k]);
      add(&p, &letters[i]);
      expect(&p, &letters[i], TALKER_QUIT);
    }
}

static void what_is_not_formed_queues_nothing(void **state) {
  (void)state;
  struct testpeer p;
  for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
    for (size_t k = 0; k < sizeof paces / sizeof paces[0]; k++) {
      testpeer_open(&p, "QMQP", paces[k]);
      assert_true(stralloc_cats(&p.input, broken[i].octets));
      expect(&p, &(struct letter_case){.response = "", .asked = broken[i].asked, .stored = ""}, broken[i].end);
    }
}

static void a_session_has_one_message(void **state) {
  (void)state;
  struct testpeer p;
  testpeer_open(&p, "QMQP", 10000);
  add(&p, &letters[0]);
  add(&p, &letters[1]);
  expect(&p, &letters[0], TALKER_QUIT);
}

static void what_finds_no_place_is_deferred(void **state) {
  (void)state;
  static const struct letter_case none = {"b\n", "a@b", "joe@x ann@x", "Zno space (#4.3.1)", "data", ""},
    torn = {"b\n", "a@b", "joe@x", "Zthe injector failed (#4.3.0)", "data mail:a@b abort:4.3.0", ""};
  struct testpeer p;
  testpeer_open(&p, "QMQP", 10000);
  p.place = PLACE_NONE;
  add(&p, &none);
  expect(&p, &none, TALKER_QUIT);
  testpeer_open(&p, "QMQP", 10000);
  p.place = PLACE_BROKEN_PIPE;
  add(&p, &torn);
  expect(&p, &torn, TALKER_QUIT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(messages_are_judged),
    cmocka_unit_test(what_is_not_formed_queues_nothing),
    cmocka_unit_test(a_session_has_one_message),
    cmocka_unit_test(what_finds_no_place_is_deferred),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
