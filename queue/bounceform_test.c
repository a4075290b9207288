/* What DSNs say: a whole runner in virtual time. */
#include "config.h"
#include "queue/testdsn.h"

static const char sender[] = "ann@far.example";
static const char body[] = "Subject: test\n\nthe body\n";

/* ---- the sender's terms */

static void inject_with(struct testrunner *t, const char *to, struct text orcpt, struct envelope e) {
  struct envelope_recipient *r = envelope_add(&e);
  assert_non_null(r);
  r->address = text_of(to);
  r->orcpt = orcpt;
  r->notify = NOTIFY_SUCCESS | NOTIFY_FAILURE;
  if (!e.sender.s) e.sender = text_of(sender);
  e.arrival_us = t->wall_us;
  testrunner_inject_envelope(t, text_of(body), &e);
  envelope_free(&e);
}

static void the_senders_own_words_come_back(void **state) {
  struct testrunner *t = *state;
  t->failure = &(struct result){.class = RESULT_FAILURE,
                                .reply_code = 550,
                                .status = TEXT("5.7.1"),
                                .text = TEXT("5.7.1 no owls here"),
                                .host = TEXT("mx.there.example"),
                                .address = TEXT("192.0.2.1")};
  inject_with(t, "never@there.example", TEXT("rfc822;Owl+Fan@alias.example"),
              (struct envelope){.envid = TEXT("a+b = 7%")});
  testrunner_run(t, 10);
  assert_has(testdsn_to(t, sender, 0), "\nOriginal-Envelope-Id: a+b = 7%\n", "\nReporting-MTA: dns; here.example\n",
             "\nOriginal-Recipient: rfc822;Owl+Fan@alias.example\n", "\nFinal-Recipient: rfc822; never@there.example\n",
             "\nRemote-MTA: dns; mx.there.example\n", "\nDiagnostic-Code: smtp; 550 5.7.1 no owls here\n",
             "mx.there.example [192.0.2.1] said:\n", "\nArrival-Date: 15 Jan 2027 08:00:00 -0000\n");
}

static void ret_and_bouncemaxbytes_choose_what_comes_back(void **state) {
  static const struct {
    const char *max;
    uint64_t ret;
    const char *to;
    bool whole;
  } cases[] = {
    {"50000\n", RET_DEFAULT, "never@here.example", true},
    {"50000\n", RET_FULL, "never@here.example", true},
    {"50000\n", RET_HEADERS, "never@here.example", false},
    {"24\n", RET_FULL, "never@here.example", true}, /* just its size */
    {"23\n", RET_FULL, "never@here.example", false},
    {"23\n", RET_DEFAULT, "never@here.example", false},
    {"50000\n", RET_FULL, "bob@here.example", false}, /* RET is for failures */
  };
  (void)state;
  assert_int_equal(strlen(body), 24);
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct testrunner t;
    testrunner_make(&t);
    testrunner_control(&t, "bouncemaxbytes", cases[i].max);
    testrunner_start(&t);
    inject_with(&t, cases[i].to, TEXT_ABSENT, (struct envelope){.ret = cases[i].ret});
    testrunner_run(&t, 10);
    const struct attempt *dsn = testdsn_to(&t, sender, 0);
    assert_non_null(dsn);
    if (testrunner_body_has(dsn, "the body") != cases[i].whole) fail_msg("case %zu", i);
    assert_has(dsn, cases[i].whole ? "Content-Type: message/rfc822\n" : "Content-Type: text/rfc822-headers\n",
               "\nSubject: test\n");
    testrunner_remove(&t);
  }
}

static void what_requires_tls_comes_back_so_and_without_its_body(void **state) {
  struct testrunner *t = *state;
  inject_with(t, "never@here.example", TEXT_ABSENT, (struct envelope){.ret = RET_FULL, .requiretls = true});
  testrunner_run(t, 10);
  const struct attempt *dsn = testdsn_to(t, sender, 0);
  assert_non_null(dsn);
  assert_true(dsn->requiretls);
  assert_false(testrunner_body_has(dsn, "the body"));
  assert_has(dsn, "Content-Type: text/rfc822-headers\n", "\nSubject: test\n");
}

/* ---- addresses that are not ASCII */

static void without_smtputf8_the_status_is_ascii(void **state) {
  struct testrunner *t = *state;
  inject_with(t, "never-\xC3\xB6@here.example", TEXT("utf-8;\xE2\x82\xAC+@here.example"), (struct envelope){0});
  testrunner_run(t, 10);
  const struct attempt *dsn = testdsn_to(t, sender, 0);
  assert_has(dsn, "\nFinal-Recipient: utf-8; never-\\x{F6}@here.example\n",
             "\nOriginal-Recipient: utf-8; \\x{20AC}\\x{2B}@here.example\n", "message/delivery-status",
             "report-type=delivery-status;", "\n<never-\xC3\xB6@here.example>:\n");
  assert_false(dsn->smtputf8);
  assert_int_equal(dsn->body_type, BODY_8BITMIME);
}

static void what_is_no_utf8_becomes_a_question_mark(void **state) {
  struct testrunner *t = *state;
  inject_with(t, "never-\xFF@here.example", TEXT_ABSENT, (struct envelope){0});
  testrunner_run(t, 10);
  assert_has(testdsn_to(t, sender, 0), "\nFinal-Recipient: utf-8; never-?@here.example\n");
}

static void smtputf8_is_answered_in_kind(void **state) {
  static const char from[] = "\xC3\xA4nn@far.example";
  struct testrunner *t = *state;
  inject_with(t, "never-\xC3\xB6@here.example", TEXT("utf-8;\xE2\x82\xAC@here.example"),
              (struct envelope){.sender = text_of(from), .smtputf8 = true});
  inject_with(t, "bob-\xC3\xB6@here.example", TEXT_ABSENT, (struct envelope){.smtputf8 = true});
  testrunner_run(t, 10);
  const struct attempt *dsn = testdsn_to(t, from, 0);
  assert_has(dsn, "\nFinal-Recipient: utf-8; never-\xC3\xB6@here.example\n",
             "\nOriginal-Recipient: utf-8; \xE2\x82\xAC@here.example\n",
             "Content-Type: message/global-delivery-status\n", "report-type=global-delivery-status;",
             "Content-Type: message/global\n", "\nTo: \xC3\xA4nn@far.example\n");
  assert_true(dsn->smtputf8);
  assert_int_equal(dsn->body_type, BODY_8BITMIME);
  assert_has(testdsn_to(t, sender, 0), "Content-Type: message/global-headers\n");
}

/* So that it reaches a sender whose mail server knows no SMTPUTF8. */
static void smtputf8_is_not_asked_for_in_vain(void **state) {
  struct testrunner *t = *state;
  inject_with(t, "never@here.example", TEXT_ABSENT, (struct envelope){.smtputf8 = true});
  testrunner_run(t, 10);
  const struct attempt *dsn = testdsn_to(t, sender, 0);
  assert_has(dsn, "Content-Type: message/delivery-status\n");
  assert_false(dsn->smtputf8);
  assert_int_equal(dsn->body_type, BODY_DEFAULT);
}

/* ---- other forms */

static void a_double_bounce_answers_nobody(void **state) {
  struct testrunner *t = *state;
  testrunner_inject_one(t, "", "never@here.example");
  testrunner_run(t, 10);
  assert_has(testrunner_attempt(t, "postmaster@here.example", 0), "\nAuto-Submitted: auto-generated\n");
}

static void qsbmf_is_plain_text(void **state) {
  const char *to = "bob@here.example";
  struct testrunner *t = *state;
  testdsn_set(t, "bounceformat", "qsbmf\n");
  testrunner_inject_one(t, sender, "never@here.example");
  testrunner_run(t, 10);
  const struct attempt *dsn = testdsn_to(t, sender, 0);
  assert_has(dsn, "\n\nHi. This is the owlpost program at here.example.\n",
             "\n\n<never@here.example>:\ngo away (#5.1.1)\n\n"
             "--- Below this line is a copy of the message.\n\nReturn-Path: <ann@far.example>\n"
             "Subject: test\n\nbody\n");
  assert_lacks(dsn, "MIME", "multipart", "Action:");
  testrunner_inject(t, "asks@far.example", NOTIFY_SUCCESS, &to, 1);
  testrunner_run(t, 10);
  assert_has(testdsn_to(t, "asks@far.example", 0), "multipart/report", "\nAction: delivered\n");
  testrunner_control(t, "bounceformat", "html\n");
  assert_int_equal(runner_load_settings(&t->runner), -1);
  assert_non_null(strstr(t->runner.control.error.s, "bounceformat: neither mime nor qsbmf"));
}

int main(void) {
#define TEST_CASE(NAME) cmocka_unit_test_setup_teardown(NAME, testrunner_set_up, testrunner_tear_down)
  const struct CMUnitTest tests[] = {
    TEST_CASE(the_senders_own_words_come_back),
    cmocka_unit_test(ret_and_bouncemaxbytes_choose_what_comes_back),
    TEST_CASE(what_requires_tls_comes_back_so_and_without_its_body),
    TEST_CASE(without_smtputf8_the_status_is_ascii),
    TEST_CASE(what_is_no_utf8_becomes_a_question_mark),
    TEST_CASE(smtputf8_is_answered_in_kind),
    TEST_CASE(smtputf8_is_not_asked_for_in_vain),
    TEST_CASE(a_double_bounce_answers_nobody),
    TEST_CASE(qsbmf_is_plain_text),
  };
  return cmocka_run_group_tests_name("bounceform", tests, NULL, NULL);
}
