/* A doorkeeper that is asked for AUTH, with an owl-authd that lets in whoever has
 * the password "secret" and tells what it was asked. */
#include "config.h"
#include "smtpd/doorkeeper/authenticate.h"
#include "lib/testauthd.h"
#include "lib/testfolder.h"
#include "smtpd/doorkeeper/admit.h"
#include "smtpd/doorkeeper/secure.h"
#include "smtpd/doorkeeper/authsettings.h"
#include "smtpd/doorkeeper/identify.h"

static struct settings settings;
static struct client client;
static struct log silent = {.fd = -1};
static struct doorkeeper keeper;
static const char *const variables[] = {"TCPREMOTEINFO", "SMTPAUTHUSER", "SMTPAUTHMETHOD", "RELAYCLIENT"};

static struct credential_answer answer_to(unsigned kind, const struct credential_request *r, stralloc *text) {
  bool right = text_equals(r->secret, "secret");
  struct credential_answer a = {.result = {.class = right ? RESULT_SUCCESS : RESULT_FAILURE}};
  if (kind == CREDENTIAL_MECHANISMS)
    return (struct credential_answer){.result = {.class = RESULT_SUCCESS}, .mechanisms = text_of("PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256")};
  if (text_equals(r->user, "later")) a.result.class = RESULT_DEFERRAL;
  if (right) a.user = text_of("bob@example.org"); /* as the back end knows bob */
  assert_int_equal(text_cat(text, r->service) == 0 && stralloc_cats(text, " ") && text_cat(text, r->client_address) == 0 &&
                     stralloc_cats(text, " ") && text_cat_uint(text, r->client_port) == 0 && stralloc_cats(text, " ") &&
                     text_cat(text, r->tls) == 0,
                   1);
  a.result.text = text_of_stralloc(text);
  return a;
}

static int set_up(void **state) {
  if (test_folder_make(state) == -1) return -1;
  test_authd_start(test_folder, answer_to);
  for (size_t i = 0; i < COUNT(variables); i++) unsetenv(variables[i]);
  settings = (struct settings){.mechanisms = SASL_ALL, .offers_auth = true, .is_secured = true, .maxauthtries = 2};
  client = (struct client){.port = 4711};
  if (!stralloc_copys(&settings.rundir, test_folder) || !stralloc_0(&settings.rundir)) return -1;
  if (!stralloc_copys(&settings.me, "me.example") || !stralloc_0(&settings.me)) return -1;
  if (!stralloc_copys(&settings.folder, test_folder) || !stralloc_0(&settings.folder)) return -1;
  if (!stralloc_copys(&client.address, "192.0.2.1")) return -1;
  if (list_parse_map(&settings.sendermap, text_of("bob@example.org:bob@example.org\nal@example.org:al\n")) == -1) return -1;
  doorkeeper_open(&keeper, &settings, &client, &clock_system, &silent);
  return stralloc_copys(&keeper.secure.words, "TLSv1.3") ? 0 : -1;
}

static int tear_down(void **state) {
  doorkeeper_close(&keeper);
  settings_free(&settings);
  client_free(&client);
  test_authd_stop(test_folder);
  return test_folder_remove(state);
}

static struct outcome ask(const char *mechanism, const char *user, const char *secret) {
  struct door_request r = {.mechanism = text_of(mechanism), .secret = text_of(secret), .envelope = {.auth_user = text_of(user)}};
  return authenticate(&keeper, &r);
}

static uint64_t code(const char *mechanism, const char *user, const char *secret) {
  return ask(mechanism, user, secret).answer.result.reply_code;
}

static uint64_t mail(const char *sender) {
  struct door_request r = {.envelope = {.sender = text_of(sender), .helo = text_of("h"), .protocol = text_of("ESMTP")}};
  uint64_t reply = admit_sender(&keeper, &r).answer.result.reply_code;
  doorkeeper_drop(&keeper);
  return reply;
}

static void who_logs_in_may_relay_and_is_named(void **state) {
  (void)state;
  assert_text(ask(NULL, NULL, NULL).answer.challenge, TEXT(" SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN"));
  assert_false(keeper.settings->relayclient.s);
  assert_int_equal(code("PLAIN", "bob", "secret"), 235);
  assert_false(keeper.guard.is_linked); /* a session may be long, and owl-authd has so many places */
  assert_text(keeper.settings->relayclient, TEXT(""));
  assert_text(text_of_stralloc(&keeper.client->login), TEXT("bob@example.org"));
  assert_text(text_of_stralloc(&keeper.client->address), TEXT("192.0.2.1"));
  assert_string_equal(getenv("TCPREMOTEINFO"), "bob@example.org");
  assert_string_equal(getenv("SMTPAUTHUSER"), "bob@example.org");
  assert_string_equal(getenv("SMTPAUTHMETHOD"), "PLAIN");
  assert_string_equal(getenv("RELAYCLIENT"), "");
  assert_int_equal(code("PLAIN", "bob", "secret"), 503);
  assert_int_equal(identify_xclient(&keeper, &(struct door_request){.envelope = {.client_name = text_of("x")}}).answer.result.reply_code, 503);
  keeper.settings_of_named.offers_starttls = true;
  assert_int_equal(secure_grant(&keeper, &(struct door_request){.octets = 0}).answer.result.reply_code, 503);
}

static void the_question_has_what_the_doorkeeper_knows(void **state) {
  (void)state;
  static struct tls_facts facts; /* the doorkeeper frees its own */
  assert_int_equal(code(NULL, NULL, NULL), 250);
  struct outcome o = ask("PLAIN", "bob", "wrong");
  assert_int_equal(o.answer.result.reply_code, 535);
  assert_text(o.answer.result.text, TEXT("smtp 192.0.2.1 4711 "));
  settings.is_submission = true;
  keeper.secure.facts = &facts;
  o = ask("LOGIN", "later", "x");
  keeper.secure.facts = NULL;
  assert_int_equal(o.answer.result.reply_code, 454);
  assert_text(o.answer.result.text, TEXT("submission 192.0.2.1 4711 TLSv1.3"));
  assert_text(keeper.settings->relayclient, TEXT_ABSENT);
}

static void guesses_are_counted(void **state) {
  (void)state;
  assert_int_equal(code(NULL, NULL, NULL), 250);
  assert_false(ask("PLAIN", "bob", "wrong").answer.ends_session);
  assert_false(ask("PLAIN", "later", "wrong").answer.ends_session);
  assert_false(keeper.sent_away);
  assert_true(ask("PLAIN", "bob", "wrong").answer.ends_session);
  assert_true(keeper.sent_away);
}

static void what_no_sound_talker_asks_ends_the_session(void **state) {
  (void)state;
  struct door_request odd = {.mechanism = text_of("PLAIN"), .octets = 1};
  assert_true(authenticate(&keeper, &odd).malformed);
  assert_true(ask("PLAIN", "bob", "secret").malformed); /* nothing has been offered yet */
  assert_int_equal(code(NULL, NULL, NULL), 250);
  assert_true(ask("EXTERNAL", NULL, NULL).malformed); /* there is no certificate */
  assert_true(ask("CRAM-MD5", "bob", "00112233445566778899aabbccddeeff").malformed); /* without a challenge */
  keeper.state = DOORKEEPER_GRANTED;
  assert_int_equal(code("PLAIN", "bob", "secret"), 503);
  keeper.state = DOORKEEPER_IDLE;
}

static void auth_is_off_where_it_is_not_offered(void **state) {
  (void)state;
  settings.is_secured = false;
  assert_int_equal(code(NULL, NULL, NULL), 502);
  settings.authwithouttls = 1;
  assert_int_equal(code(NULL, NULL, NULL), 250);
  settings.offers_auth = false;
  assert_int_equal(code(NULL, NULL, NULL), 502);
  settings.offers_auth = true;
  assert_true(stralloc_copys(&settings.rundir, "/nowhere") && stralloc_0(&settings.rundir));
  assert_int_equal(code(NULL, NULL, NULL), 454);
}

static void mail_needs_a_log_in_and_a_sender_of_ones_own(void **state) {
  (void)state;
  settings.needs_auth = true;
  assert_int_equal(mail("bob@example.org"), 530);
  assert_int_equal(mail(""), 530);
  assert_int_equal(code(NULL, NULL, NULL), 250);
  assert_int_equal(code("PLAIN", "bob", "secret"), 235);
  assert_int_equal(mail("bob@example.org"), 250);
  assert_int_equal(mail(""), 250);
  assert_int_equal(mail("bob@host"), 553);
  keeper.settings_of_named.is_submission = true;
  assert_int_equal(mail("bob@host"), 554);
  assert_int_equal(mail("bob@example.org"), 250);
  assert_int_equal(mail("al@example.org"), 553);
  assert_int_equal(mail("carol@example.org"), 553);
}

static void the_forks_variable_is_read(void **state) {
  (void)state;
  const struct {
    const char *smtpauth, *submission;
    int loaded;
    bool offers, needs, plain, cram;
  } cases[] = {
    {NULL, NULL, 0, false, false, true, true}, {"", NULL, 0, true, false, true, false},
    {"+cram", NULL, 0, true, false, true, true}, {"cram", NULL, 0, true, false, false, true},
    {"!", NULL, 0, true, true, true, false},     {"!cram", NULL, 0, true, true, false, true},
    {"!+cram", NULL, 0, true, true, true, true}, {"-", NULL, 0, false, false, false, false},
    {"-", "1", 0, true, true, false, false},     {NULL, "1", 0, true, true, true, true},
    {NULL, "0", 0, false, false, true, true},    {"yes", NULL, -1, true, false, false, true},
  };
  struct control c;
  setenv("OWLPOST_CONTROL", test_folder, 1);
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct settings s = {.submissionrecipients = 7, .maxrecipients = 1000};
    if (cases[i].smtpauth) setenv("SMTPAUTH", cases[i].smtpauth, 1);
    else unsetenv("SMTPAUTH");
    if (cases[i].submission) setenv("SUBMISSION", cases[i].submission, 1);
    else unsetenv("SUBMISSION");
    assert_int_equal(control_open(&c), 0);
    assert_int_equal(authsettings_load(&s, &c), cases[i].loaded);
    assert_int_equal(s.offers_auth, cases[i].offers);
    assert_int_equal(s.needs_auth, cases[i].needs);
    assert_int_equal((s.mechanisms & 1u << SASL_PLAIN) != 0, cases[i].plain);
    assert_int_equal((s.mechanisms & 1u << SASL_CRAM_MD5) != 0, cases[i].cram);
    assert_int_equal(s.maxrecipients, s.is_submission ? 7 : 1000);
    list_free(&s.sendermap);
    control_free(&c);
  }
  unsetenv("SMTPAUTH");
  unsetenv("SUBMISSION");
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(who_logs_in_may_relay_and_is_named),
    TEST(the_question_has_what_the_doorkeeper_knows),
    TEST(guesses_are_counted),
    TEST(what_no_sound_talker_asks_ends_the_session),
    TEST(auth_is_off_where_it_is_not_offered),
    TEST(mail_needs_a_log_in_and_a_sender_of_ones_own),
    TEST(the_forks_variable_is_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
