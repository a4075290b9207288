/* AUTH as the client sees it; the doorkeeper is a function that lets in whoever
 * has the password "secret". */
#include "config.h"
#include "smtpd/talker/command.h"
#include "lib/unittest.h"

static struct session session;
static unsigned failures;
static const char *offered;

static struct result result(uint64_t class, const char *status, const char *text) {
  return (struct result){.class = class, .status = text_of(status), .text = text_of(text)};
}

static struct door_answer answer_auth(const struct door_request *r) {
  struct door_answer a = {.result = result(RESULT_SUCCESS, "2.7.0", "ok")};
  if (!r->mechanism.s) {
    a.challenge = text_of(offered);
    if (!offered) a.result = result(RESULT_DEFERRAL, "4.7.0", "not now");
  } else if (r->binding.s)
    a.challenge = text_of("r=xy,s=c2FsdA==,i=4096");
  else if (r->attributes.s)
    a.challenge = text_of("v=c2lnbmF0dXJl");
  else if (text_equals(r->mechanism, "CRAM-MD5") && !r->secret.s)
    a.challenge = text_of("<1@me>");
  else if (text_equals(r->envelope.auth_user, "later"))
    a.result = result(RESULT_DEFERRAL, "4.7.0", "try later"), a.result.reply_code = 454;
  else if (!text_equals(r->secret, "secret") && !text_equals(r->mechanism, "CRAM-MD5")) {
    a.result = result(RESULT_FAILURE, "5.7.8", "wrong");
    a.result.reply_code = 535;
    a.ends_session = ++failures == 3;
  }
  return a;
}

static int ask(void *context, enum door_frame what, const struct door_request *r, struct door_answer *a, int *fd) {
  (void)context;
  *fd = -1;
  *a = (struct door_answer){.result = result(RESULT_SUCCESS, "2.0.0", "ok")};
  if (what == DOOR_AUTH) *a = answer_auth(r);
  return 0;
}

static void begin(const char *mechanisms) {
  session_free(&session);
  offered = mechanisms;
  failures = 0;
  session = (struct session){.ask = ask, .me = "me.example", .maxerrors = 50, .auth = {.is_possible = true}};
}

static struct reply say(const char *line) {
  struct text t = text_of(line);
  return session.auth.is_under_way ? command_continue(&session, t) : command_run(&session, t);
}

static void dialogs(void **state) {
  (void)state;
  static const struct {
    const char *line;
    unsigned code;
    const char *reply; /* NULL: any */
  } steps[] = {
    {"AUTH PLAIN AGJvYgBzZWNyZXQ=", 503, NULL}, /* EHLO first */
    {"HELO h", 250, NULL},
    {"AUTH PLAIN AGJvYgBzZWNyZXQ=", 503, NULL},
    {"EHLO h", 250, NULL},
    {"AUTH", 501, NULL},
    {"AUTH GSSAPI", 504, NULL},
    {"AUTH EXTERNAL =", 504, NULL}, /* known, not offered */
    {"AUTH PLAIN AGJvYgBzZWNyZXQ", 501, NULL},
    {"AUTH PLAIN AGJvYgBz ZWNyZXQ=", 501, NULL},
    {"AUTH PLAIN =", 501, NULL},
    {"AUTH PLAIN Ym9i", 501, NULL},
    {"AUTH PLAIN YWwAYm9iAHNlY3JldA==", 535, NULL}, /* al by bob */
    {"AUTH PLAIN", 334, ""},
    {"*", 501, NULL},
    {"NOOP", 250, NULL},
    {"AUTH PLAIN", 334, ""},
    {"A*", 501, NULL},
    {"AUTH plain", 334, ""},
    {"AGJvYgB3cm9uZw==", 535, "wrong"},
    {"AUTH PLAIN AGxhdGVyAHg=", 454, "try later"},
    {"AUTH CRAM-MD5 Ym9i", 501, NULL},
    {"AUTH CRAM-MD5", 334, "PDFAbWU+"},
    {"Ym9i", 501, NULL},
    {"AUTH LOGIN", 334, "VXNlcm5hbWU6"},
    {"Ym9i", 334, "UGFzc3dvcmQ6"},
    {"d3Jvbmc=", 535, NULL},
    {"AUTH SCRAM-SHA-256 biwsbj1ib2Iscj14", 334, "cj14eSxzPWMyRnNkQT09LGk9NDA5Ng=="},
    {"*", 501, NULL},
    {"MAIL FROM:<a@b.c>", 250, NULL},
    {"AUTH PLAIN AGJvYgBzZWNyZXQ=", 503, NULL},
    {"RSET", 250, NULL},
    {"AUTH LOGIN Ym9i", 334, "UGFzc3dvcmQ6"},
    {"c2VjcmV0", 235, NULL},
    {"AUTH PLAIN AGJvYgBzZWNyZXQ=", 503, NULL}, /* once */
    {"MAIL FROM:<a@b.c> AUTH=<>", 250, NULL},
  };
  begin(" SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN");
  for (size_t i = 0; i < COUNT(steps); i++) {
    struct reply r = say(steps[i].line);
    if (r.code != steps[i].code) print_message("%s\n", steps[i].line);
    assert_int_equal(r.code, steps[i].code);
    if (steps[i].reply) assert_text(r.text, text_of(steps[i].reply));
    assert_int_equal(r.code == 334, session.auth.is_under_way);
    assert_int_equal(r.next, NEXT_COMMAND);
  }
}

/* From the server's signature on only "yes" leads on. */
static void who_breaks_off_when_let_in_has_to_come_again(void **state) {
  (void)state;
  const struct {
    const char *last;
    unsigned code;
    enum reply_next next;
  } cases[] = {{"", 235, NEXT_COMMAND}, {"*", 501, NEXT_END}, {"Zm9v", 501, NEXT_END}, {"#", 501, NEXT_END}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    begin("SCRAM-SHA-256");
    assert_int_equal(say("EHLO h").code, 250);
    assert_int_equal(say("AUTH SCRAM-SHA-256 biwsbj1ib2Iscj14").code, 334);
    assert_int_equal(say("Yz1iaXdzLHI9eHkscD1VRkJRVUZCUVVGQlFVRkJRVUZCUVVGQlFVRkJRVUZCUVVGQlFVRkJRVUZBPQ==").code, 334);
    struct reply r = say(cases[i].last);
    assert_int_equal(r.code, cases[i].code);
    assert_int_equal(r.next, cases[i].next);
  }
}

static void ehlo_names_what_the_doorkeeper_offers(void **state) {
  (void)state;
  const struct {
    const char *offered;
    bool is_possible;
    const char *line; /* NULL: none */
  } cases[] = {{" PLAIN LOGIN", true, "\nAUTH PLAIN LOGIN\n"}, {"", true, NULL}, {NULL, true, NULL}, {" PLAIN", false, NULL}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc text = {0};
    begin(cases[i].offered);
    session.auth.is_possible = cases[i].is_possible;
    struct reply r = say("EHLO h");
    assert_true(text_cat(&text, r.text) == 0 && stralloc_0(&text));
    assert_int_equal(strstr(text.s, "AUTH") != NULL, cases[i].line != NULL);
    if (cases[i].line) assert_non_null(strstr(text.s, cases[i].line));
    if (!cases[i].line) assert_int_equal(say("AUTH PLAIN AGJvYgBzZWNyZXQ=").code, cases[i].is_possible ? 504 : 502);
    stralloc_free(&text);
  }
}

static void the_doorkeeper_ends_a_session_of_guesses(void **state) {
  (void)state;
  begin("PLAIN");
  say("EHLO h");
  assert_int_equal(say("AUTH PLAIN AGJvYgB3cm9uZw==").next, NEXT_COMMAND);
  assert_int_equal(say("AUTH PLAIN AGJvYgB3cm9uZw==").next, NEXT_COMMAND);
  struct reply r = say("AUTH PLAIN AGJvYgB3cm9uZw==");
  assert_int_equal(r.code, 535);
  assert_int_equal(r.next, NEXT_END);
}

static void a_line_that_is_too_long_ends_the_exchange(void **state) {
  (void)state;
  begin("PLAIN");
  say("EHLO h");
  assert_int_equal(say("AUTH PLAIN").code, 334);
  struct reply r = command_overflow(&session, reply_say(500, "5.5.2", "x"));
  assert_text(r.status, TEXT("5.5.6"));
  assert_false(session.auth.is_under_way);
}

static int tear_down(void **state) {
  (void)state;
  session_free(&session);
  session = (struct session){.me = NULL};
  return 0;
}

#define TEST(NAME) cmocka_unit_test_teardown(NAME, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(dialogs),
    TEST(who_breaks_off_when_let_in_has_to_come_again),
    TEST(ehlo_names_what_the_doorkeeper_offers),
    TEST(the_doorkeeper_ends_a_session_of_guesses),
    TEST(a_line_that_is_too_long_ends_the_exchange),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
