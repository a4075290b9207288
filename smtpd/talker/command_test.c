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
  if (what == DOOR_MAIL) note(d, e->body == BODY_8BITMIME ? 'M' : 'm', e->sender);
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
  {"rcpt parameters", "EHLO me\nMAIL FROM:<a@b>\nRCPT TO:<a@b> NOTIFY=NEVER\nRCPT TO:<a@b>x",
   "250 250 555 501 ", "ma@b "},
  {"too large", "EHLO me\nMAIL FROM:<a@b> SIZE=1001\nMAIL FROM:<a@b> SIZE=1000", "250 552 250 ", "ma@b "},
  {"others", "NOOP\nNOOP x\nVRFY\nVRFY a\nEXPN a\nHELP\nSTARTTLS\nAUTH PLAIN\nFOO\n\nQUIT",
   "250 250 501 252 502 214 502 503 500 500 221 ", ""},
  {"verbs are whole words", "HELOme\nQUITS\nNOOP\tx", "500 500 250 ", ""},
};

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
  assert_true(text_equals(text_of_stralloc(&out), "250-mx\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
                                                  "250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 1000\r\n"));
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
    cmocka_unit_test(octets_that_are_no_name_are_refused),
    cmocka_unit_test(ehlo_lists_the_extensions),
    cmocka_unit_test(too_many_errors_end_the_session),
    cmocka_unit_test(without_doorkeeper_the_session_ends),
    cmocka_unit_test(replies_that_end_a_group_are_known),
    cmocka_unit_test(replies_are_lines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
