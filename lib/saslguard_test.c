/* The guard between a talker that the test plays and an owl-authd that is a child:
 * it tells what it was asked by what it answers. */
#include "config.h"
#include "lib/saslguard.h"
#include "lib/testauthd.h"
#include "lib/testfolder.h"

static struct saslguard guard;
static struct saslguard_answer answer;

#define SIGNATURE "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS" /* 32 octets */
#define PROOF "PPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPP"
#define DIGEST "0123456789abcdef0123456789abcdef"
#define CERTIFICATE DIGEST DIGEST

/* In the answer's text: the kind, what it was about, and what was asked. */
static int describe(stralloc *out, unsigned kind, const struct credential_request *r) {
  const struct text parts[] = {r->service, r->client_address, r->mechanism, r->user,        r->secret,
                               r->response, r->auth_message,  r->proof,     r->certificate};
  if (text_cat_uint(out, kind) == -1) return -1;
  for (size_t i = 0; i < COUNT(parts); i++)
    if (parts[i].len && (!stralloc_cats(out, " ") || text_cat(out, parts[i]) == -1)) return -1;
  return 0;
}

static struct credential_answer answer_to(unsigned kind, const struct credential_request *r, stralloc *text) {
  struct credential_answer a = {.result = {.class = RESULT_SUCCESS, .status = text_of("2.7.0")}};
  if (kind == CREDENTIAL_MECHANISMS) a.mechanisms = text_of("PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 EXTERNAL");
  else if (kind == CREDENTIAL_SCRAM) a.salt = TEXT("salt\0"), a.iterations = 4096;
  else a.user = text_of("bob");
  if (kind == CREDENTIAL_PROOF) a.signature = text_of(SIGNATURE);
  if (text_equals(r->user, "mallory")) a.result.class = RESULT_FAILURE, a.result.status = text_of("5.7.8");
  if (text_equals(r->user, "later")) a.result.class = RESULT_DEFERRAL, a.result.status = text_of("4.7.0");
  if (text_equals(r->user, "nameless")) a.user = TEXT_ABSENT;
  assert_int_equal(describe(text, kind, r), 0);
  a.result.text = text_of_stralloc(text);
  return a;
}

static int set_up(void **state) {
  if (test_folder_make(state) == -1) return -1;
  test_authd_start(test_folder, answer_to);
  guard = (struct saslguard){.rundir = test_folder, .host = "mail.example", .exporter = "616263", .endpoint = "00ff",
                             .about = {.service = text_of("smtp"), .client_address = text_of("192.0.2.1")},
                             .certificate = text_of(CERTIFICATE), .allowed = ~0u};
  return saslguard_offer(&guard);
}

static int tear_down(void **state) {
  saslguard_free(&guard);
  test_authd_stop(test_folder);
  return test_folder_remove(state);
}

static int ask(const char *mechanism, struct text user, struct text secret) {
  struct sasl_question q = {.mechanism = text_of(mechanism), .user = user, .secret = secret};
  return saslguard_ask(&guard, &q, &answer);
}

static int ask_scram(const char *mechanism, const char *user, const char *binding) {
  struct sasl_question q = {.mechanism = text_of(mechanism), .user = text_of(user), .attributes = text_of("r=nonce,k=v"),
                            .binding = text_of(binding)};
  return saslguard_ask(&guard, &q, &answer);
}

static int prove(const char *mechanism, struct text attributes) {
  struct sasl_question q = {.mechanism = text_of(mechanism), .attributes = attributes, .secret = text_of(PROOF)};
  return saslguard_ask(&guard, &q, &answer);
}

static void what_may_be_offered_depends_on_the_connection(void **state) {
  (void)state;
  stralloc names = {0};
  assert_int_equal(guard.offered, (1 << SASL_MECHANISM_COUNT) - 1);
  guard.exporter = NULL;
  guard.endpoint = "";
  guard.certificate = TEXT_ABSENT;
  guard.allowed = ~(1u << SASL_LOGIN);
  assert_int_equal(saslguard_offer(&guard), 0);
  assert_int_equal(sasl_cat_set(&names, guard.offered), 0);
  assert_text(text_of_stralloc(&names), TEXT(" SCRAM-SHA-256 CRAM-MD5 PLAIN"));
  stralloc_free(&names);
  assert_int_equal(ask("LOGIN", TEXT("bob"), TEXT("x")), -1); /* not offered */
  guard.rundir = "/nowhere";
  assert_int_equal(saslguard_offer(&guard), -1);
  assert_int_equal(guard.offered, 0);
}

static void a_password_is_asked_about(void **state) {
  (void)state;
  const struct {
    const char *mechanism;
    struct text user, secret;
    int asked;
    uint64_t class;
  } cases[] = {
    {"PLAIN", TEXT("bob"), TEXT("secret"), 0, RESULT_SUCCESS},
    {"LOGIN", TEXT("mallory"), TEXT("secret"), 0, RESULT_FAILURE},
    {"PLAIN", TEXT("later"), TEXT("secret"), 0, RESULT_DEFERRAL},
    {"PLAIN", TEXT("nameless"), TEXT("secret"), 0, RESULT_DEFERRAL},
    {"PLAIN", TEXT("b\nb"), TEXT("secret"), 0, RESULT_FAILURE}, /* cannot be asked */
    {"PLAIN", TEXT("bob"), TEXT_ABSENT, -1, 0},
    {"PLAIN", TEXT_ABSENT, TEXT("secret"), -1, 0},
    {"EXTERNAL", TEXT("bob"), TEXT_ABSENT, 0, RESULT_SUCCESS},
    {"EXTERNAL", TEXT_ABSENT, TEXT_ABSENT, 0, RESULT_SUCCESS},
    {"EXTERNAL", TEXT("bob"), TEXT("x"), -1, 0},
    {"GSSAPI", TEXT("bob"), TEXT("x"), -1, 0},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_int_equal(ask(cases[i].mechanism, cases[i].user, cases[i].secret), cases[i].asked);
    if (cases[i].asked == -1) continue;
    assert_int_equal(answer.result.class, cases[i].class);
    assert_text(answer.user, cases[i].class == RESULT_SUCCESS ? TEXT("bob") : TEXT_ABSENT);
    assert_text(answer.challenge, TEXT_ABSENT);
  }
  assert_int_equal(ask("PLAIN", TEXT("bob"), TEXT("secret")), 0);
  assert_text(answer.result.text, TEXT("1 smtp 192.0.2.1 PLAIN bob secret"));
}

static void a_challenge_is_ours_and_serves_once(void **state) {
  (void)state;
  stralloc first = {0};
  assert_int_equal(ask("CRAM-MD5", TEXT_ABSENT, TEXT_ABSENT), 0);
  assert_int_equal(text_cat(&first, answer.challenge), 0);
  assert_memory_equal(first.s + first.len - 14, "@mail.example>", 14);
  assert_int_equal(ask("CRAM-MD5", TEXT("bob"), TEXT(DIGEST)), 0);
  assert_text(answer.result.text, TEXT("2 smtp 192.0.2.1 CRAM-MD5 bob " DIGEST));
  assert_text(answer.user, TEXT("bob"));
  assert_int_equal(ask("CRAM-MD5", TEXT("bob"), TEXT(DIGEST)), -1);
  assert_int_equal(ask("CRAM-MD5", TEXT_ABSENT, TEXT_ABSENT), 0);
  assert_false(text_equal(answer.challenge, text_of_stralloc(&first)));
  assert_int_equal(ask("PLAIN", TEXT("bob"), TEXT("secret")), 0); /* something else in between */
  assert_int_equal(ask("CRAM-MD5", TEXT("bob"), TEXT(DIGEST)), -1);
  stralloc_free(&first);
}

static void an_answer_that_was_given_up_is_none_to_the_next_question(void **state) {
  (void)state;
  const struct credential_request late = {.user = TEXT("bob"), .secret = TEXT("secret")};
  assert_int_equal(ask("PLAIN", TEXT("bob"), TEXT("secret")), 0);
  assert_int_equal(credential_send(&guard.link, CREDENTIAL_PASSWORD, &late, IO_FOREVER), 0);
  assert_int_equal(saslguard_offer(&guard), 0);
  assert_true(guard.offered & 1u << SASL_PLAIN);
  assert_int_equal(ask("PLAIN", TEXT("bob"), TEXT("secret")), 0);
  assert_int_equal(credential_send(&guard.link, CREDENTIAL_PASSWORD, &late, IO_FOREVER), 0);
  assert_int_equal(ask("PLAIN", TEXT("mallory"), TEXT("wrong")), 0);
  assert_int_equal(answer.result.class, RESULT_FAILURE);
}

/* The message that is proven has our nonce and binding, whatever the talker says. */
static void scram_is_proven_over_our_words(void **state) {
  (void)state;
  const struct {
    const char *mechanism, *user, *binding, *name, *c;
  } cases[] = {
    {"SCRAM-SHA-256", "bob", "n,,", "n=bob", ",c=biws,"},
    {"SCRAM-SHA-256", "a,b=c", "n,a=x,", "n=a=2Cb=3Dc", ",c=bixhPXgs,"},
    {"SCRAM-SHA-256-PLUS", "bob", "p=tls-exporter,,", "n=bob", ",c=cD10bHMtZXhwb3J0ZXIsLGFiYw==,"},
    {"SCRAM-SHA-256-PLUS", "bob", "p=tls-server-end-point,,", "n=bob", ",c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAP8=,"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc first = {0}, expected = {0}, final = {0};
    struct text nonce, rest;
    assert_int_equal(ask_scram(cases[i].mechanism, cases[i].user, cases[i].binding), 0);
    assert_int_equal(text_cat(&first, answer.challenge), 0);
    rest = text_of_stralloc(&first);
    text_cut(&rest, ',', &nonce);
    assert_memory_equal(nonce.s, "r=nonce", 7);
    assert_true(nonce.len >= 7 + 24);
    assert_text(rest, TEXT("s=c2FsdAA=,i=4096"));
    assert_true(text_cat(&final, nonce) == 0 && stralloc_cats(&final, ",x=y"));
    assert_true(stralloc_cats(&expected, "4 smtp 192.0.2.1 ") && stralloc_cats(&expected, cases[i].mechanism) &&
                stralloc_cats(&expected, " ") && stralloc_cats(&expected, cases[i].name) &&
                stralloc_cats(&expected, ",r=nonce,k=v,") && stralloc_cat(&expected, &first) &&
                stralloc_cats(&expected, cases[i].c) && stralloc_cat(&expected, &final) &&
                stralloc_cats(&expected, " " PROOF));
    assert_int_equal(prove(cases[i].mechanism, text_of_stralloc(&final)), 0);
    assert_text(answer.user, TEXT("bob"));
    assert_text(answer.challenge, TEXT("v=U1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU1M="));
    assert_text(answer.result.text, text_of_stralloc(&expected));
    stralloc_free(&first);
    stralloc_free(&expected);
    stralloc_free(&final);
  }
}

static void scram_keeps_to_its_steps(void **state) {
  (void)state;
  assert_int_equal(prove("SCRAM-SHA-256", TEXT("r=nonce")), -1);
  assert_int_equal(ask_scram("SCRAM-SHA-256", "bob", "n,,"), 0);
  assert_int_equal(prove("SCRAM-SHA-256", TEXT("r=nonce")), 0); /* not what we said */
  assert_int_equal(answer.result.class, RESULT_FAILURE);
  assert_text(answer.user, TEXT_ABSENT);
  assert_int_equal(prove("SCRAM-SHA-256", TEXT("r=nonce")), -1);
  assert_int_equal(ask_scram("SCRAM-SHA-256", "bob", "n,,"), 0);
  assert_int_equal(prove("SCRAM-SHA-256-PLUS", TEXT("r=nonce")), -1);
}

static void a_binding_fits_its_mechanism(void **state) {
  (void)state;
  const struct {
    const char *mechanism, *binding;
    uint64_t class;
  } cases[] = {
    {"SCRAM-SHA-256", "n,,", RESULT_SUCCESS},
    {"SCRAM-SHA-256", "y,,", RESULT_FAILURE}, /* somebody took -PLUS away */
    {"SCRAM-SHA-256", "p=tls-exporter,,", RESULT_FAILURE},
    {"SCRAM-SHA-256-PLUS", "n,,", RESULT_FAILURE},
    {"SCRAM-SHA-256-PLUS", "y,,", RESULT_FAILURE},
    {"SCRAM-SHA-256-PLUS", "p=tls-unique,,", RESULT_FAILURE},
    {"SCRAM-SHA-256-PLUS", "p=,,", RESULT_FAILURE},
    {"SCRAM-SHA-256-PLUS", "", RESULT_FAILURE},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_int_equal(ask_scram(cases[i].mechanism, "bob", cases[i].binding), 0);
    assert_int_equal(answer.result.class, cases[i].class);
  }
  guard.exporter = guard.endpoint = "";
  assert_int_equal(saslguard_offer(&guard), 0);
  assert_int_equal(ask_scram("SCRAM-SHA-256", "bob", "y,,"), 0);
  assert_int_equal(answer.result.class, RESULT_SUCCESS);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(what_may_be_offered_depends_on_the_connection),
    TEST(a_password_is_asked_about),
    TEST(a_challenge_is_ours_and_serves_once),
    TEST(an_answer_that_was_given_up_is_none_to_the_next_question),
    TEST(scram_is_proven_over_our_words),
    TEST(scram_keeps_to_its_steps),
    TEST(a_binding_fits_its_mechanism),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
