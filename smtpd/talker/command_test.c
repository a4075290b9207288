#include "config.h"
#include "smtpd/talker/command.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A doorkeeper that grants everything but "no@..." and notes what it was asked. */
struct doorman {
  char asked[256]; /* a letter and what matters, per question */
  bool gone;
};

static void note(struct doorman *d, char letter, struct text t) {
  size_t n = strlen(d->asked);
  snprintf(d->asked + n, sizeof d->asked - n, "%c%.*s ", letter, (int)t.len, t.s ? t.s : "");
}

static void answer_with(struct door_answer *a, uint64_t class, uint64_t code, const char *status) {
  *a = (struct door_answer){.result = {.class = class, .reply_code = code, .status = text_of(status),
                                       .text = text_of("said")}};
}

static int ask(void *context, enum door_frame what, const struct door_request *r,
               struct door_answer *a, int *fd) {
  struct doorman *d = context;
  const struct envelope *e = &r->envelope;
  if (d->gone) return -1;
  answer_with(a, RESULT_SUCCESS, what == DOOR_DATA ? 354 : 250, "2.0.0");
  if (r->octets > 1000) answer_with(a, RESULT_FAILURE, 552, "5.3.4");
  if (what == DOOR_ETRN) note(d, 'e', r->node);
  else if (what == DOOR_MAIL) note(d, e->body == BODY_8BITMIME ? 'M' : 'm', e->sender);
  else if (what == DOOR_RCPT) {
    note(d, 'r', e->recipients[0].address);
    if (strncmp(e->recipients[0].address.s, "no@", 3) == 0)
      answer_with(a, RESULT_FAILURE, 550, "5.1.1");
  } else
    note(d, what == DOOR_DATA ? 'd' : what == DOOR_ABORT ? 'a' : '?', text_of(""));
  if (what == DOOR_DATA) *fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  return 0;
}

/* Lines, divided by LF, and the first codes of their replies; what the
 * doorkeeper was asked. */
static const struct {
  const char *name, *lines, *replies, *asked;
} dialogs[] = {
  {"plain", "EHLO me\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA", "250 250 250 354 ", "ma@b rc@d d "},
  {"any case, blanks", "ehlo me\nmail from: <a@b> \nrcpt TO:  <c@d>", "250 250 250 ", "ma@b rc@d "},
  {"null reverse-path", "HELO me\nMAIL FROM:<>", "250 250 ", "m "},
  {"postmaster alone", "HELO me\nMAIL FROM:<>\nRCPT TO:<postmaster>", "250 250 250 ", "m rpostmaster "},
  {"source route", "HELO me\nMAIL FROM:<>\nRCPT TO:<@x,@y:c@d>", "250 250 250 ", "m rc@d "},
  {"quoted local-part", "HELO me\nMAIL FROM:<\"a b\"@c>", "250 250 ", "ma b@c "},
  {"before EHLO", "MAIL FROM:<a@b>\nRCPT TO:<a@b>\nDATA", "503 503 503 ", ""},
  {"EHLO without a name", "EHLO\nHELO  ", "501 501 ", ""},
  {"BDAT opens the pipe", "EHLO me\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nBDAT 10\nBDAT 5\tlast", "250 250 250 250 250 ", "ma@b rc@d d "},
  {"BDAT, then RSET", "EHLO me\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nBDAT 10\nRSET\nBDAT 5", "250 250 250 250 250 503 ", "ma@b rc@d d a "},
  {"BDAT, then another command", "EHLO me\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nBDAT 1\nMAIL FROM:<>\nRCPT TO:<e@f>\nDATA\nBDAT 0 LAST", "250 250 250 250 503 503 503 250 ", "ma@b rc@d d "},
  {"BDAT too early", "EHLO me\nBDAT 10 LAST\nMAIL FROM:<a@b>\nBDAT 0 LAST\nRCPT TO:<c@d>", "250 503 250 554 503 ", "ma@b a "},
  {"BDAT and its argument", "EHLO me\nBDAT 9223372036854775807\nBDAT 9223372036854775808", "250 503 501 ", ""},
  {"BDAT without a size", "BDAT", "501 ", ""},
  {"BDAT of a negative size", "BDAT -1 LAST", "501 ", ""},
  {"BDAT, LAST and more", "BDAT 1 LAST X", "501 ", ""},
  {"BDAT of hexadecimal size", "BDAT 0x1", "501 ", ""},
  {"BINARYMIME needs BDAT", "EHLO me\nMAIL FROM:<a@b> BODY=binarymime\nRCPT TO:<c@d>\nDATA\nBDAT 1 LAST", "250 250 250 503 250 ", "ma@b rc@d d "},
  {"BINARYMIME is forgotten", "EHLO me\nMAIL FROM:<a@b> BODY=BINARYMIME\nRSET\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA", "250 250 250 250 250 354 ", "ma@b a ma@b rc@d d "},
  {"two MAIL", "HELO me\nMAIL FROM:<a@b>\nMAIL FROM:<c@d>", "250 250 503 ", "ma@b "},
  {"RCPT after RSET", "HELO me\nMAIL FROM:<a@b>\nRSET\nRCPT TO:<c@d>", "250 250 250 503 ", "ma@b a "},
  {"no arguments", "HELO me\nMAIL FROM:<a@b>\nRSET now\nQUIT now\nRCPT TO:<c@d>\nRSET \t\nQUIT ",
   "250 250 501 501 250 250 221 ", "ma@b rc@d a "},
  {"RSET alone", "RSET\nHELO me\nRSET", "250 250 250 ", ""},
  {"EHLO drops", "HELO me\nMAIL FROM:<a@b>\nEHLO me\nRCPT TO:<c@d>", "250 250 250 503 ", "ma@b a "},
  {"DATA without recipient", "HELO me\nMAIL FROM:<a@b>\nDATA", "250 250 554 ", "ma@b "},
  {"refused recipient", "HELO me\nMAIL FROM:<>\nRCPT TO:<no@b>\nDATA", "250 250 550 554 ", "m rno@b "},
  {"one of two refused", "HELO me\nMAIL FROM:<>\nRCPT TO:<no@b>\nRCPT TO:<a@b>\nDATA",
   "250 250 550 250 354 ", "m rno@b ra@b d "},
  {"DATA with argument", "HELO me\nMAIL FROM:<>\nRCPT TO:<a@b>\nDATA now", "250 250 250 501 ", "m ra@b "},
  {"syntax", "HELO me\nMAIL FROM:a@b\nMAIL FROM <a@b>\nMAIL <a@b>\nMAIL\nMAIL FROM:<a@b\nMAIL FROM:<a b@c>",
   "250 501 501 501 501 501 501 ", ""},
  {"rcpt syntax", "HELO me\nMAIL FROM:<>\nRCPT TO:<>\nRCPT TO:\nRCPT TO:<a@>\nRCPT <a@b>",
   "250 250 501 501 501 501 ", "m "},
  {"8BITMIME", "EHLO me\nMAIL FROM:<a@b> BODY=8bitmime SIZE=10", "250 250 ", "Ma@b "},
  {"7BIT", "EHLO me\nMAIL FROM:<a@b> body=7BIT", "250 250 ", "ma@b "},
  {"parameters", "EHLO me\nMAIL FROM:<a@b> FOO\nMAIL FROM:<a@b> SIZE\nMAIL FROM:<a@b> SIZE=x\n"
                 "MAIL FROM:<a@b> SIZE=1 SIZE=1\nMAIL FROM:<a@b> BODY=\nMAIL FROM:<a@b>SIZE=1\n"
                 "MAIL FROM:<a@b> SIZE=99999999999999999999999",
   "250 555 501 501 501 501 501 501 ", ""},
  {"rcpt parameters", "EHLO me\nMAIL FROM:<a@b>\nRCPT TO:<a@b> FOO=NEVER\nRCPT TO:<a@b>x",
   "250 250 555 501 ", "ma@b "},
  {"after HELO", "HELO me\nMAIL FROM:<a@b> SIZE=1\nMAIL FROM:<a@b>\nRCPT TO:<a@b> NOTIFY=NEVER",
   "250 555 250 555 ", "ma@b "},
  {"host names", "EHLO a b\nEHLO [1.2.3]\nEHLO [IPv6:1::2::3]\nEHLO [192.0.2.1]\nEHLO [IPv6:::1]\nHELO a_b\nEHLO \xC3\xA9",
   "501 501 501 250 250 250 501 ", ""},
  {"not ASCII", "EHLO me\nMAIL FROM:<\xC3\xA9@b>\nMAIL FROM:<\xC3@b> SMTPUTF8\nMAIL FROM:<a@b>\nRCPT TO:<\xC3\xA9@b>",
   "250 553 501 250 553 ", "ma@b "},
  {"SMTPUTF8", "EHLO me\nMAIL FROM:<\xC3\xA9@b> smtputf8\nRCPT TO:<\xC3\xA9@b>\nRCPT TO:<\xFF@b>\nRSET\n"
               "MAIL FROM:<> SMTPUTF8=1\nMAIL FROM:<> SMTPUTF8 SMTPUTF8\nVRFY \xC3\xA9\nVRFY \xC3\xA9 SMTPUTF8\nVRFY SMTPUTF8",
   "250 250 250 501 250 501 501 553 252 252 ", "m\xC3\xA9@b r\xC3\xA9@b a "},
  {"too large", "EHLO me\nMAIL FROM:<a@b> SIZE=1001\nMAIL FROM:<a@b> SIZE=1000", "250 552 250 ", "ma@b ma@b "},
  {"others", "NOOP\nNOOP x\nVRFY\nVRFY a\nEXPN a\nHELP\nSTARTTLS\nAUTH PLAIN\nFOO\n\nQUIT",
   "250 250 501 252 502 214 502 502 500 500 221 ", ""},
  {"ETRN", "ETRN a\nHELO me\nETRN a\nEHLO me\nETRN a.b\netrn @a.b \nETRN\nETRN #q\nETRN a b\nETRN @\nETRN a@b\n"
           "MAIL FROM:<>\nETRN a",
   "503 250 503 250 250 250 500 458 501 501 501 250 503 ", "ea.b e@a.b m "},
  {"verbs are whole words", "HELOme\nQUITS\nNOOP\tx", "500 500 250 ", ""},
};

/* ENVID and ORCPT reach the doorkeeper decoded. */
static const struct {
  const char *line, *decoded; /* NULL: refused with 501 */
  uint64_t number;            /* RET or NOTIFY */
} terms[] = {
  {"MAIL FROM:<> ENVID=QQ+3D31+20x", "QQ=31 x", RET_DEFAULT},
  {"MAIL FROM:<> RET=hdrs ENVID=1", "1", RET_HEADERS},
  {"MAIL FROM:<> ENVID=1 RET=FULL", "1", RET_FULL},
  {"MAIL FROM:<> ENVID=", NULL, 0},
  {"MAIL FROM:<> ENVID", NULL, 0},
  {"MAIL FROM:<> ENVID=a+0Ab", NULL, 0},
  {"MAIL FROM:<> ENVID=a+C3+A9", NULL, 0},
  {"MAIL FROM:<> ENVID=a+3d", NULL, 0},
  {"MAIL FROM:<> ENVID=a=b", NULL, 0},
  {"MAIL FROM:<> RET=ALL", NULL, 0},
  {"MAIL FROM:<> RET", NULL, 0},
  {"RCPT TO:<a@b> ORCPT=rfc822;a+2Bb@c", "rfc822;a+b@c", 0},
  {"RCPT TO:<a@b> NOTIFY=SUCCESS,delay ORCPT=x;y", "x;y", NOTIFY_SUCCESS | NOTIFY_DELAY},
  {"RCPT TO:<a@b> ORCPT=x;y NOTIFY=NEVER", "x;y", NOTIFY_NEVER},
  {"RCPT TO:<a@b> ORCPT=utf-8;\\x{E9}@\\x{2B}", "utf-8;\xC3\xA9@+", 0},
  {"RCPT TO:<a@b> ORCPT=utf-8;\xC3\xA9@b", "utf-8;\xC3\xA9@b", 0},
  {"RCPT TO:<a@b> ORCPT=rfc822;\xC3\xA9@b", NULL, 0},
  {"RCPT TO:<a@b> ORCPT=rfc822;+C3+A9@b", NULL, 0},
  {"RCPT TO:<a@b> ORCPT=utf-8;\\x{D800}@b", NULL, 0},
  {"RCPT TO:<a@b> ORCPT=utf-8;\\x{0A}@b", NULL, 0},
  {"RCPT TO:<a@b> ORCPT=a@b", NULL, 0},
  {"RCPT TO:<a@b> ORCPT=;a@b", NULL, 0},
  {"RCPT TO:<a@b> ORCPT=rfc822;", NULL, 0},
  {"RCPT TO:<a@b> ORCPT=rfc822;a+0Db", NULL, 0},
  {"RCPT TO:<a@b> NOTIFY=NEVER,SUCCESS", NULL, 0},
  {"RCPT TO:<a@b> NOTIFY=SUCCESS,", NULL, 0},
  {"RCPT TO:<a@b> NOTIFY=OFTEN", NULL, 0},
  {"RCPT TO:<a@b> NOTIFY", NULL, 0},
  {"RCPT TO:<a@b> NOTIFY=DELAY NOTIFY=DELAY", NULL, 0},
};

static int grant_terms(void *context, enum door_frame what, const struct door_request *r,
                       struct door_answer *a, int *fd) {
  size_t i = *(const size_t *)context;
  const struct envelope *e = &r->envelope;
  bool mail = what == DOOR_MAIL;
  *fd = -1;
  answer_with(a, RESULT_SUCCESS, 250, "2.0.0");
  struct text decoded = mail ? e->envid : e->recipients[0].orcpt;
  if (mail != (*terms[i].line == 'M')) return 0; /* the MAIL before a RCPT */
  if (!terms[i].decoded || !text_equals(decoded, terms[i].decoded)) fail_msg("%s", terms[i].line);
  assert_int_equal(mail ? e->ret : e->recipients[0].notify, terms[i].number);
  return 0;
}

static void terms_reach_the_doorkeeper(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
    struct session s = {.ask = grant_terms, .context = &i, .me = "mx", .maxerrors = 9};
    command_run(&s, text_of("EHLO me"));
    if (*terms[i].line == 'R') command_run(&s, text_of("MAIL FROM:<> SMTPUTF8"));
    unsigned code = command_run(&s, text_of(terms[i].line)).code;
    if (code != (terms[i].decoded ? 250 : 501)) fail_msg("%s: %u", terms[i].line, code);
    session_free(&s);
  }
}

/* RFC 3461 4.2, 4.4; as xtext. */
static void terms_have_their_limits(void **state) {
  static char line[700];
  (void)state;
  for (int over = 0; over <= 1; over++) {
    struct doorman d = {0};
    struct session s = {.ask = ask, .context = &d, .me = "mx", .maxerrors = 9};
    command_run(&s, text_of("EHLO me"));
    snprintf(line, sizeof line, "MAIL FROM:<a@b> ENVID=%0*d", 100 + over, 1);
    assert_int_equal(command_run(&s, text_of(line)).code, over ? 501 : 250);
    if (over) command_run(&s, text_of("MAIL FROM:<>"));
    snprintf(line, sizeof line, "RCPT TO:<a@b> ORCPT=rfc822;%0*d", 493 + over, 1);
    assert_int_equal(command_run(&s, text_of(line)).code, over ? 501 : 250);
    session_free(&s);
  }
}

static void set_up_session(struct session *s, struct doorman *d) {
  *d = (struct doorman){0};
  *s = (struct session){.ask = ask, .context = d, .me = "mx", .databytes = 1000, .maxerrors = 100};
}

static struct reply run_line(struct session *s, struct text line) {
  struct reply r = command_run(s, line);
  if (r.next == NEXT_DATA) command_close_data(s);
  return r;
}

static void dialogs_get_their_replies(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof dialogs / sizeof dialogs[0]; i++) {
    struct doorman d;
    struct session s;
    char replies[256] = "";
    set_up_session(&s, &d);
    for (const char *line = dialogs[i].lines; line;) {
      const char *newline = strchr(line, '\n');
      size_t len = newline ? (size_t)(newline - line) : strlen(line);
      struct reply r = run_line(&s, (struct text){line, len});
      size_t n = strlen(replies);
      snprintf(replies + n, sizeof replies - n, "%u ", r.code);
      line = newline ? newline + 1 : NULL;
    }
    if (strcmp(replies, dialogs[i].replies) || strcmp(d.asked, dialogs[i].asked))
      fail_msg("%s: replies %s, asked %s", dialogs[i].name, replies, d.asked);
    command_close_data(&s);
    session_free(&s);
  }
}

static void octets_that_are_no_name_are_refused(void **state) {
  struct doorman d;
  struct session s;
  char name[300];
  (void)state;
  set_up_session(&s, &d);
  assert_int_equal(run_line(&s, (struct text){"EHLO a\0b", 8}).code, 501);
  assert_int_equal(run_line(&s, text_of("EHLO a\rb")).code, 501);
  memset(name, 'a', sizeof name);
  memcpy(name, "EHLO ", 5);
  assert_int_equal(run_line(&s, (struct text){name, 5 + COMMAND_HELO_MAX}).code, 250);
  assert_int_equal(run_line(&s, (struct text){name, 6 + COMMAND_HELO_MAX}).code, 501);
  assert_int_equal(run_line(&s, text_of("MAIL FROM:<\"a\001b\"@c>")).code, 501);
  assert_int_equal(run_line(&s, (struct text){"MAIL FROM:<\"a\0b\"@c>", 19}).code, 501);
  session_free(&s);
}

static void ehlo_lists_the_extensions(void **state) {
  struct doorman d;
  struct session s;
  stralloc out = {0};
  (void)state;
  set_up_session(&s, &d);
  struct reply r = run_line(&s, text_of("EHLO me"));
  assert_int_equal(reply_cat(&out, &r), 0);
  assert_true(text_equals(text_of_stralloc(&out), "250-mx\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-CHUNKING\r\n250-SMTPUTF8\r\n"
                                                  "250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250-HELP\r\n250 SIZE 1000\r\n"));
  stralloc_free(&out);
  session_free(&s);
}

static void too_many_errors_end_the_session(void **state) {
  struct doorman d;
  struct session s;
  (void)state;
  set_up_session(&s, &d);
  s.maxerrors = 3;
  assert_int_equal(run_line(&s, text_of("FOO")).next, NEXT_COMMAND);
  assert_int_equal(run_line(&s, text_of("FOO")).next, NEXT_COMMAND);
  command_end_transaction(&s, true); /* a message forgives */
  assert_int_equal(run_line(&s, text_of("FOO")).next, NEXT_COMMAND);
  assert_int_equal(run_line(&s, text_of("FOO")).next, NEXT_COMMAND);
  struct reply r = run_line(&s, text_of("FOO"));
  assert_int_equal(r.code, 421);
  assert_int_equal(r.next, NEXT_END);
  session_free(&s);
}

static void without_doorkeeper_the_session_ends(void **state) {
  struct doorman d;
  struct session s;
  (void)state;
  set_up_session(&s, &d);
  run_line(&s, text_of("HELO me"));
  d.gone = true;
  struct reply r = run_line(&s, text_of("MAIL FROM:<a@b>"));
  assert_int_equal(r.code, 421);
  assert_int_equal(r.next, NEXT_END);
  session_free(&s);
}

static void replies_that_end_a_group_are_known(void **state) {
  (void)state;
  assert_false(command_ends_group(text_of("mail FROM:<a@b>")));
  assert_false(command_ends_group(text_of("RCPT")));
  assert_false(command_ends_group(text_of("rset")));
  assert_true(command_ends_group(text_of("EHLO x")));
  assert_true(command_ends_group(text_of("DATA")));
  assert_true(command_ends_group(text_of("NOOP")));
  assert_true(command_ends_group(text_of("whatever")));
}

static void replies_are_lines(void **state) {
  static char many[2000];
  struct reply r = reply_say(250, "2.0.0", "one\ntwo\rthree\nfour");
  stralloc out = {0};
  (void)state;
  assert_int_equal(reply_cat(&out, &r), 0);
  assert_true(text_equals(text_of_stralloc(&out),
                          "250-2.0.0 one\r\n250-2.0.0 two?three\r\n250 2.0.0 four\r\n"));
  memset(many, 'x', sizeof many);
  r.text = (struct text){many, sizeof many};
  stralloc_zero(&out);
  assert_int_equal(reply_cat(&out, &r), 0);
  assert_int_equal(out.len, REPLY_LINE_MAX);
  assert_memory_equal(out.s + out.len - 2, "\r\n", 2);
  stralloc_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(dialogs_get_their_replies),
    cmocka_unit_test(terms_reach_the_doorkeeper),
    cmocka_unit_test(terms_have_their_limits),
    cmocka_unit_test(octets_that_are_no_name_are_refused),
    cmocka_unit_test(ehlo_lists_the_extensions),
    cmocka_unit_test(too_many_errors_end_the_session),
    cmocka_unit_test(without_doorkeeper_the_session_ends),
    cmocka_unit_test(replies_that_end_a_group_are_known),
    cmocka_unit_test(replies_are_lines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
