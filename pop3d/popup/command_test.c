/* POP3 before the log-in, as the client sees it; the doorkeeper is a function that lets in
 * whoever has the password "secret". */
#include "config.h"
#include "pop3d/popup/command.h"
#include <errno.h>
#include "lib/unittest.h"

static struct popup popup;
static stralloc out;
static const char *offered, *stamp;
static unsigned failures;
static struct logindoor_request opened;

static void refuse(struct logindoor_answer *a, enum result_class class, const char *text) {
  a->result = (struct result){.class = class, .text = text_of(text)};
}

static void answer_auth(const struct logindoor_request *r, struct logindoor_answer *a) {
  bool has_challenge = r->binding.s || (text_equals(r->mechanism, "CRAM-MD5") && !r->secret.s);
  if (r->binding.s) a->challenge = text_of("r=xy,s=c2FsdA==,i=4096");
  else if (r->attributes.s) a->challenge = text_of("v=c2lnbmF0dXJl");
  else if (has_challenge) a->challenge = text_of("<1@me>");
  else if (text_equals(r->user, "later")) refuse(a, RESULT_DEFERRAL, "try later");
  else if (text_equals(r->mechanism, "PLAIN") && !text_equals(r->secret, "secret") && !text_equals(r->secret, " two  words ")) {
    refuse(a, RESULT_FAILURE, "wrong");
    a->ends_session = ++failures == 3;
  }
}

static int ask(void *context, enum logindoor_frame what, const struct logindoor_request *r, struct logindoor_answer *a) {
  (void)context;
  *a = (struct logindoor_answer){.result = {.class = RESULT_SUCCESS, .text = text_of("ok")}};
  switch (what) {
    case LOGINDOOR_OFFER:
      if (!offered) refuse(a, RESULT_DEFERRAL, "not now");
      else a->offered = text_of(offered), a->challenge = text_of(stamp);
      break;
    case LOGINDOOR_AUTH: answer_auth(r, a); break;
    case LOGINDOOR_APOP:
      if (!text_equals(r->response, "c4c9334bac560ecc979e58001b3e22fb")) refuse(a, RESULT_FAILURE, "wrong");
      break;
    case LOGINDOOR_OPEN: opened = *r; break;
    case LOGINDOOR_TLS: break;
    case LOGINDOOR_ANSWER: return errno = EPROTO, -1;
  }
  return 0;
}

/* Under TLS, unless the test says otherwise. */
static void begin(const char *mechanisms) {
  popup_free(&popup);
  stralloc_zero(&out);
  offered = mechanisms;
  failures = 0;
  popup = (struct popup){.ask = ask, .out = &out, .me = "me.example", .offers_tls = true, .is_secured = true, .may_log_in = true};
}

struct step {
  const char *line;
  enum popup_next next;
  const char *reply; /* how it begins */
};

static void run(const struct step *steps, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct text line = text_of(steps[i].line);
    print_message("%s\n", steps[i].line);
    stralloc_zero(&out);
    enum popup_next next = popup.in_auth ? popup_respond(&popup, line) : popup_run(&popup, line);
    assert_int_equal(next, steps[i].next);
    assert_true(stralloc_0(&out));
    assert_memory_equal(out.s, steps[i].reply, strlen(steps[i].reply));
    assert_true(next == POPUP_OPENED ? out.len == 1 : strstr(out.s, "\r\n") == out.s + out.len - 3 || strstr(out.s, "\r\n.\r\n"));
  }
}

#define RUN(...) run((const struct step[]){__VA_ARGS__}, sizeof((const struct step[]){__VA_ARGS__}) / sizeof(struct step))

static void names_and_passwords(void **state) {
  (void)state;
  begin("PLAIN LOGIN");
  RUN({"PASS secret", POPUP_LINE, "-ERR USER goes first"}, {"USER", POPUP_LINE, "-ERR wrong number"}, {"user joe", POPUP_LINE, "+OK"},
      {"PASS wrong", POPUP_LINE, "-ERR [AUTH] wrong"}, {"PASS secret", POPUP_LINE, "-ERR USER goes first"},
      {"USER later", POPUP_LINE, "+OK"}, {"PASS x", POPUP_LINE, "-ERR [SYS/TEMP] try later"},
      {"USER a\tb", POPUP_LINE, "-ERR that is no user name"}, {"USER \xff", POPUP_LINE, "-ERR that is no user name"}, {"USER joe", POPUP_LINE, "+OK"},
      {"PASS  two  words ", POPUP_OPENED, ""});
  begin("PLAIN LOGIN");
  RUN({"USER joe", POPUP_LINE, "+OK"}, {"PASS 1", POPUP_LINE, "-ERR"}, {"USER joe", POPUP_LINE, "+OK"}, {"PASS 2", POPUP_LINE, "-ERR"},
      {"USER joe", POPUP_LINE, "+OK"}, {"PASS 3", POPUP_HANG_UP, "-ERR [AUTH] wrong"});
  begin("SCRAM-SHA-256");
  RUN({"USER joe", POPUP_LINE, "-ERR USER is not available"});
  begin(NULL);
  RUN({"USER joe", POPUP_LINE, "-ERR [SYS/TEMP]"}, {"AUTH PLAIN", POPUP_LINE, "-ERR [SYS/TEMP]"}, {"QUIT", POPUP_QUIT, "+OK"});
}

static void stamps_and_digests(void **state) {
  (void)state;
  stamp = "<1896.697170952@dbc.mtview.ca.us>";
  begin("PLAIN");
  assert_int_equal(popup_greet(&popup), POPUP_LINE);
  assert_true(stralloc_0(&out));
  assert_string_equal(out.s, "+OK me.example POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n");
  RUN({"APOP mrose", POPUP_LINE, "-ERR APOP goes with"}, {"APOP mrose xy", POPUP_LINE, "-ERR that is no digest"},
      {"APOP mrose C4C9334BAC560ECC979E58001B3E22FB", POPUP_LINE, "-ERR that is no digest"},
      {"APOP mrose 00c9334bac560ecc979e58001b3e22fb", POPUP_LINE, "-ERR [AUTH] wrong"},
      {"APOP m rose c4c9334bac560ecc979e58001b3e22fb", POPUP_OPENED, ""});
  stamp = NULL;
  begin("PLAIN");
  RUN({"APOP mrose c4c9334bac560ecc979e58001b3e22fb", POPUP_LINE, "-ERR APOP is not available"});
}

static void mechanisms(void **state) {
  (void)state;
  begin("SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN");
  RUN({"AUTH", POPUP_LINE, "+OK mechanisms follow\r\nSCRAM-SHA-256\r\nCRAM-MD5\r\nPLAIN\r\nLOGIN\r\n.\r\n"},
      {"AUTH GSSAPI", POPUP_LINE, "-ERR that mechanism is not offered"}, {"AUTH EXTERNAL =", POPUP_LINE, "-ERR that mechanism"},
      {"AUTH PLAIN x", POPUP_LINE, "-ERR that is not base64"}, {"AUTH PLAIN =", POPUP_LINE, "-ERR that is not what"},
      {"AUTH PLAIN YWwAYm9iAHNlY3JldA==", POPUP_LINE, "-ERR [AUTH] nobody may act"},
      {"AUTH PLAIN AGJvYgB4", POPUP_LINE, "-ERR [AUTH] wrong"}, {"AUTH PLAIN", POPUP_RESPONSE, "+ \r\n"}, {"*", POPUP_LINE, "-ERR AUTH is cancelled"},
      {"AUTH LOGIN", POPUP_RESPONSE, "+ VXNlcm5hbWU6\r\n"}, {"Ym9i", POPUP_RESPONSE, "+ UGFzc3dvcmQ6\r\n"}, {"c2VjcmV0", POPUP_OPENED, ""});
  begin("CRAM-MD5 PLAIN");
  RUN({"AUTH CRAM-MD5", POPUP_RESPONSE, "+ PDFAbWU+\r\n"}, {"Ym9iIDAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAx", POPUP_OPENED, ""});
  begin("PLAIN");
  RUN({"AUTH plain", POPUP_RESPONSE, "+ \r\n"}, {"AGJvYgBzZWNyZXQ=", POPUP_OPENED, ""});
}

/* The server's signature is there to be looked at, before the session begins. */
static void scram_has_a_last_word(void **state) {
  static const char first[] = "AUTH SCRAM-SHA-256 biwsbj1ib2Iscj14";                            /* n,,n=bob,r=x */
  static const char final[] = "Yz1iaXdzLHI9eHkscD1BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBPQ=="; /* c=biws,r=xy,p=... */
  (void)state;
  begin("SCRAM-SHA-256");
  RUN({first, POPUP_RESPONSE, "+ "}, {final, POPUP_RESPONSE, "+ dj1jMmxuYm1GMGRYSmw=\r\n"}, {"", POPUP_OPENED, ""});
  begin("SCRAM-SHA-256");
  RUN({first, POPUP_RESPONSE, "+ "}, {final, POPUP_RESPONSE, "+ "}, {"*", POPUP_HANG_UP, "-ERR AUTH is cancelled"});
}

static void without_tls(void **state) {
  (void)state;
  begin("PLAIN");
  popup.is_secured = popup.may_log_in = false;
  RUN({"USER joe", POPUP_LINE, "-ERR please begin TLS"}, {"PASS secret", POPUP_LINE, "-ERR please begin TLS"},
      {"AUTH PLAIN AGJvYgBzZWNyZXQ=", POPUP_LINE, "-ERR please begin TLS"}, {"APOP a b", POPUP_LINE, "-ERR please begin TLS"},
      {"CAPA", POPUP_LINE, "+OK capabilities follow\r\nSTLS\r\nTOP\r\n"}, {"STLS x", POPUP_LINE, "-ERR wrong number"},
      {"stls", POPUP_TLS, "+OK"});
  begin("PLAIN");
  RUN({"STLS", POPUP_LINE, "-ERR there is TLS already"}, {"CAPA", POPUP_LINE, "+OK capabilities follow\r\nUSER\r\nSASL PLAIN\r\nTOP\r\n"});
  popup.login_delay_s = 60;
  RUN({"CAPA", POPUP_LINE, "+OK capabilities follow\r\nUSER\r\nSASL PLAIN\r\nLOGIN-DELAY 60\r\nTOP\r\n"});
  begin("PLAIN");
  popup.offers_tls = popup.is_secured = popup.may_log_in = false;
  RUN({"STLS", POPUP_LINE, "-ERR TLS is not available"}, {"USER joe", POPUP_LINE, "-ERR [SYS/PERM] log-in needs TLS"});
}

static void what_else_there_is(void **state) {
  (void)state;
  begin("PLAIN");
  RUN({"", POPUP_LINE, "-ERR unknown"}, {"STAT", POPUP_LINE, "-ERR unknown"}, {"LANG", POPUP_LINE, "+OK languages\r\nen English\r\n"},
      {"LANG fr", POPUP_LINE, "-ERR"}, {"LANG EN", POPUP_LINE, "+OK en"}, {"UTF8", POPUP_LINE, "+OK"}, {"UTF8 x", POPUP_LINE, "-ERR"},
      {"USER joe", POPUP_LINE, "+OK"}, {"PASS secret", POPUP_OPENED, ""});
  assert_true(opened.utf8 && text_equals(opened.language, "en"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_and_passwords), cmocka_unit_test(stamps_and_digests),    cmocka_unit_test(mechanisms),
    cmocka_unit_test(scram_has_a_last_word), cmocka_unit_test(without_tls), cmocka_unit_test(what_else_there_is),
  };
  int r = cmocka_run_group_tests(tests, NULL, NULL);
  popup_free(&popup);
  stralloc_free(&out);
  return r;
}
