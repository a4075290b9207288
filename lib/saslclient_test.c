#include "config.h"
#include "lib/saslclient.h"
#include "lib/unittest.h"

static struct saslclient client;

static int set_up(void **state) {
  (void)state;
  client = (struct saslclient){.user = text_of("user"), .password = text_of("pencil")};
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  saslclient_free(&client);
  return 0;
}

static void the_strongest_is_chosen(void **state) {
  (void)state;
  const struct {
    const char *offered, *exporter, *chosen;
    bool in_clear;
  } cases[] = {
    {"LOGIN PLAIN CRAM-MD5 SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "ab", "SCRAM-SHA-256-PLUS", true},
    {"LOGIN PLAIN CRAM-MD5 SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "", "SCRAM-SHA-256", true},
    {"LOGIN PLAIN CRAM-MD5", "ab", "CRAM-MD5", true},
    {"LOGIN PLAIN", NULL, "PLAIN", true},
    {"LOGIN", NULL, "LOGIN", true},
    {"LOGIN PLAIN EXTERNAL GSSAPI", NULL, NULL, false},
    {"EXTERNAL", NULL, NULL, true},
    {"", NULL, NULL, true},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    enum sasl_mechanism m;
    client.exporter = cases[i].exporter;
    bool some = saslclient_choose(&client, sasl_set(text_of(cases[i].offered)), cases[i].in_clear, &m);
    assert_int_equal(some, cases[i].chosen != NULL);
    if (some) assert_string_equal(sasl_name(m), cases[i].chosen);
  }
}

static void plain_says_all_at_once(void **state) {
  (void)state;
  assert_int_equal(saslclient_begin(&client, SASL_PLAIN, TEXT_ABSENT), SASLCLIENT_OK);
  assert_text(client.message, TEXT("\0user\0pencil"));
  assert_true(saslclient_may_end(&client));
  assert_int_equal(saslclient_take(&client, TEXT("")), SASLCLIENT_MALFORMED);
}

static void login_answers_twice(void **state) {
  (void)state;
  assert_int_equal(saslclient_begin(&client, SASL_LOGIN, TEXT_ABSENT), SASLCLIENT_OK);
  assert_text(client.message, TEXT_ABSENT);
  assert_int_equal(saslclient_take(&client, TEXT("Benutzer?")), SASLCLIENT_OK);
  assert_text(client.message, TEXT("user"));
  assert_int_equal(saslclient_take(&client, TEXT("")), SASLCLIENT_OK);
  assert_text(client.message, TEXT("pencil"));
  assert_int_equal(saslclient_take(&client, TEXT("once more")), SASLCLIENT_MALFORMED);
}

/* RFC 2195 2 */
static void cram_md5_has_the_rfcs_digest(void **state) {
  (void)state;
  client.user = text_of("tim");
  client.password = text_of("tanstaaftanstaaf");
  assert_int_equal(saslclient_begin(&client, SASL_CRAM_MD5, TEXT_ABSENT), SASLCLIENT_OK);
  assert_text(client.message, TEXT_ABSENT);
  assert_false(saslclient_may_end(&client));
  assert_int_equal(saslclient_take(&client, TEXT("<1896.697170952@postoffice.reston.mci.net>")), SASLCLIENT_OK);
  assert_text(client.message, TEXT("tim b913a602c7eda7a495b4e6e7334d3890"));
  assert_true(saslclient_may_end(&client));
}

#define NONCE "rOprNGfwEbeRWgbNEkqO"
#define SERVER_NONCE NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define SALT ",s=W22ZaJ0SNY7soEsUEjb6gQ=="

/* RFC 7677 3 */
static void scram_is_the_rfcs_exchange(void **state) {
  (void)state;
  assert_int_equal(saslclient_begin(&client, SASL_SCRAM_SHA_256, TEXT(NONCE)), SASLCLIENT_OK);
  assert_text(client.message, TEXT("n,,n=user,r=" NONCE));
  assert_int_equal(saslclient_take(&client, TEXT("r=" SERVER_NONCE SALT ",i=4096")), SASLCLIENT_OK);
  assert_text(client.message, TEXT("c=biws,r=" SERVER_NONCE ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
  assert_false(saslclient_may_end(&client));
  assert_int_equal(saslclient_take(&client, TEXT("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")), SASLCLIENT_OK);
  assert_text(client.message, TEXT(""));
  assert_true(saslclient_may_end(&client));
}

static void scram_names_the_binding(void **state) {
  (void)state;
  const struct {
    const char *exporter, *endpoint, *header, *final;
    enum sasl_mechanism m;
  } cases[] = {
    {"616263", "", "p=tls-exporter,,", "c=cD10bHMtZXhwb3J0ZXIsLGFiYw==,r=", SASL_SCRAM_SHA_256_PLUS},
    {"", "00ff", "p=tls-server-end-point,,", "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAP8=,r=", SASL_SCRAM_SHA_256_PLUS},
    {"616263", "00ff", "y,,", "c=eSws,r=", SASL_SCRAM_SHA_256},
    {NULL, NULL, "n,,", "c=biws,r=", SASL_SCRAM_SHA_256},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    client.exporter = cases[i].exporter;
    client.endpoint = cases[i].endpoint;
    assert_int_equal(saslclient_begin(&client, cases[i].m, TEXT(NONCE)), SASLCLIENT_OK);
    assert_memory_equal(client.message.s, cases[i].header, strlen(cases[i].header));
    assert_int_equal(saslclient_take(&client, TEXT("r=" SERVER_NONCE SALT ",i=4096")), SASLCLIENT_OK);
    assert_memory_equal(client.message.s, cases[i].final, strlen(cases[i].final));
  }
}

static void a_server_that_cheats_gets_no_proof(void **state) {
  (void)state;
  const struct text firsts[] = {
    TEXT("r=" SERVER_NONCE SALT ",i=4095"),    TEXT("r=" SERVER_NONCE SALT ",i=1000001"),
    TEXT("r=" SERVER_NONCE SALT ",i="),        TEXT("r=" SERVER_NONCE SALT),
    TEXT("r=" NONCE SALT ",i=4096"),           TEXT("r=other" SALT ",i=4096"),
    TEXT("r=" SERVER_NONCE ",s=,i=4096"),      TEXT("r=" SERVER_NONCE ",s=W2,i=4096"),
    TEXT("m=x,r=" SERVER_NONCE SALT ",i=4096"), TEXT(""),
  };
  for (size_t i = 0; i < COUNT(firsts); i++) {
    assert_int_equal(saslclient_begin(&client, SASL_SCRAM_SHA_256, TEXT(NONCE)), SASLCLIENT_OK);
    assert_int_equal(saslclient_take(&client, firsts[i]), SASLCLIENT_MALFORMED);
  }
}

static void a_server_that_knows_nothing_is_not_believed(void **state) {
  (void)state;
  const struct text finals[] = {TEXT("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8="), TEXT("v="), TEXT("e=invalid-proof"),
                                TEXT("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl9"), TEXT("")};
  for (size_t i = 0; i < COUNT(finals); i++) {
    assert_int_equal(saslclient_begin(&client, SASL_SCRAM_SHA_256, TEXT(NONCE)), SASLCLIENT_OK);
    assert_int_equal(saslclient_take(&client, TEXT("r=" SERVER_NONCE SALT ",i=4096")), SASLCLIENT_OK);
    assert_int_equal(saslclient_take(&client, finals[i]), SASLCLIENT_FORGED);
    assert_false(saslclient_may_end(&client));
  }
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(the_strongest_is_chosen),
    TEST(plain_says_all_at_once),
    TEST(login_answers_twice),
    TEST(cram_md5_has_the_rfcs_digest),
    TEST(scram_is_the_rfcs_exchange),
    TEST(scram_names_the_binding),
    TEST(a_server_that_cheats_gets_no_proof),
    TEST(a_server_that_knows_nothing_is_not_believed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
