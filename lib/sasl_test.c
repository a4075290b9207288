#include "config.h"
#include "lib/sasl.h"
#include "lib/unittest.h"

static struct sasl sasl;

static int tear_down(void **state) {
  (void)state;
  sasl_free(&sasl);
  return 0;
}

static void names_are_found(void **state) {
  (void)state;
  enum sasl_mechanism m;
  stralloc names = {0};
  assert_true(sasl_find(TEXT("scram-sha-256-plus"), &m));
  assert_int_equal(m, SASL_SCRAM_SHA_256_PLUS);
  assert_false(sasl_find(TEXT("SCRAM-SHA-1"), &m));
  assert_false(sasl_find(TEXT(""), &m));
  assert_int_equal(sasl_set(TEXT("PLAIN  GSSAPI LOGIN")), 1 << SASL_PLAIN | 1 << SASL_LOGIN);
  assert_int_equal(sasl_cat_set(&names, 1 << SASL_LOGIN | 1 << SASL_SCRAM_SHA_256 | 1 << SASL_PLAIN), 0);
  assert_text(text_of_stralloc(&names), TEXT(" SCRAM-SHA-256 PLAIN LOGIN"));
  stralloc_free(&names);
}

/* One message to a mechanism that was just begun, and what is asked of it. */
static void first_messages(void **state) {
  (void)state;
  const struct {
    enum sasl_mechanism m;
    struct text message;
    enum sasl_next next;
    struct text user, secret;
  } cases[] = {
    {SASL_PLAIN, TEXT_ABSENT, SASL_SEND, {0}, {0}},
    {SASL_PLAIN, TEXT("\0tim\0tanstaaftanstaaf"), SASL_ASK, TEXT("tim"), TEXT("tanstaaftanstaaf")}, /* RFC 4616 4 */
    {SASL_PLAIN, TEXT("Ursel\0Kurt\0xipj3plmq"), SASL_FOREIGN, {0}, {0}},                           /* the same */
    {SASL_PLAIN, TEXT("tim\0tim\0x"), SASL_ASK, TEXT("tim"), TEXT("x")},
    {SASL_PLAIN, TEXT("\0t\xc3\xadm\0x y"), SASL_ASK, TEXT("t\xc3\xadm"), TEXT("x y")},
    {SASL_PLAIN, TEXT("\0t\xedm\0x"), SASL_MALFORMED, {0}, {0}},
    {SASL_PLAIN, TEXT("\0t\nm\0x"), SASL_MALFORMED, {0}, {0}},
    {SASL_PLAIN, TEXT("\0tim\0"), SASL_MALFORMED, {0}, {0}},
    {SASL_PLAIN, TEXT("\0\0x"), SASL_MALFORMED, {0}, {0}},
    {SASL_PLAIN, TEXT("\0tim\0x\0y"), SASL_MALFORMED, {0}, {0}},
    {SASL_PLAIN, TEXT("\0tim"), SASL_MALFORMED, {0}, {0}},
    {SASL_PLAIN, TEXT("tim"), SASL_MALFORMED, {0}, {0}},
    {SASL_PLAIN, TEXT(""), SASL_MALFORMED, {0}, {0}},
    {SASL_LOGIN, TEXT_ABSENT, SASL_SEND, {0}, {0}},
    {SASL_LOGIN, TEXT("tim"), SASL_SEND, {0}, {0}},
    {SASL_LOGIN, TEXT(""), SASL_MALFORMED, {0}, {0}},
    {SASL_LOGIN, TEXT("t\0m"), SASL_MALFORMED, {0}, {0}},
    {SASL_CRAM_MD5, TEXT_ABSENT, SASL_ASK, TEXT_ABSENT, TEXT_ABSENT},
    {SASL_CRAM_MD5, TEXT("tim b913a602c7eda7a495b4e6e7334d3890"), SASL_MALFORMED, {0}, {0}},
    {SASL_EXTERNAL, TEXT_ABSENT, SASL_SEND, {0}, {0}},
    {SASL_EXTERNAL, TEXT(""), SASL_ASK, TEXT_ABSENT, TEXT_ABSENT},
    {SASL_EXTERNAL, TEXT("tim"), SASL_ASK, TEXT("tim"), TEXT_ABSENT},
    {SASL_EXTERNAL, TEXT("t\0m"), SASL_MALFORMED, {0}, {0}},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_int_equal(sasl_begin(&sasl, cases[i].m, cases[i].message), cases[i].next);
    if (cases[i].next != SASL_ASK) continue;
    assert_text(sasl.question.user, cases[i].user);
    assert_text(sasl.question.secret, cases[i].secret);
    assert_text(sasl.question.mechanism, text_of(sasl_name(cases[i].m)));
  }
}

static void login_asks_twice(void **state) {
  (void)state;
  assert_int_equal(sasl_begin(&sasl, SASL_LOGIN, TEXT_ABSENT), SASL_SEND);
  assert_text(sasl.challenge, TEXT("Username:"));
  assert_int_equal(sasl_take(&sasl, TEXT("tim")), SASL_SEND);
  assert_text(sasl.challenge, TEXT("Password:"));
  assert_int_equal(sasl_take(&sasl, TEXT("open sesame")), SASL_ASK);
  assert_text(sasl.question.user, TEXT("tim"));
  assert_text(sasl.question.secret, TEXT("open sesame"));
  assert_int_equal(sasl_answered(&sasl, true, TEXT_ABSENT), SASL_OVER);
}

/* RFC 2195 2 */
static void cram_md5_shows_the_challenge(void **state) {
  (void)state;
  struct text challenge = TEXT("<1896.697170952@postoffice.reston.mci.net>");
  const struct {
    struct text response;
    enum sasl_next next;
    struct text user;
  } cases[] = {
    {TEXT("tim b913a602c7eda7a495b4e6e7334d3890"), SASL_ASK, TEXT("tim")},
    {TEXT("tim o b913a602c7eda7a495b4e6e7334d3890"), SASL_ASK, TEXT("tim o")},
    {TEXT("tim B913a602c7eda7a495b4e6e7334d3890"), SASL_MALFORMED, {0}},
    {TEXT("tim b913a602c7eda7a495b4e6e7334d389"), SASL_MALFORMED, {0}},
    {TEXT(" b913a602c7eda7a495b4e6e7334d3890"), SASL_MALFORMED, {0}},
    {TEXT("tim"), SASL_MALFORMED, {0}},
    {TEXT(""), SASL_MALFORMED, {0}},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_int_equal(sasl_begin(&sasl, SASL_CRAM_MD5, TEXT_ABSENT), SASL_ASK);
    assert_int_equal(sasl_answered(&sasl, true, challenge), SASL_SEND);
    assert_text(sasl.challenge, challenge);
    assert_int_equal(sasl_take(&sasl, cases[i].response), cases[i].next);
    if (cases[i].next != SASL_ASK) continue;
    assert_text(sasl.question.user, cases[i].user);
    assert_text(sasl.question.secret, TEXT("b913a602c7eda7a495b4e6e7334d3890"));
  }
}

static void scram_reads_the_first_message(void **state) {
  (void)state;
  const struct {
    struct text message;
    enum sasl_next next;
    struct text user, attributes, binding;
  } cases[] = {
    {TEXT("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"), SASL_ASK, TEXT("user"), TEXT("r=rOprNGfwEbeRWgbNEkqO"), TEXT("n,,")}, /* RFC 7677 3 */
    {TEXT("y,,n=user,r=x,k=v"), SASL_ASK, TEXT("user"), TEXT("r=x,k=v"), TEXT("y,,")},
    {TEXT("p=tls-exporter,,n=user,r=x"), SASL_ASK, TEXT("user"), TEXT("r=x"), TEXT("p=tls-exporter,,")},
    {TEXT("n,a=user,n=user,r=x"), SASL_ASK, TEXT("user"), TEXT("r=x"), TEXT("n,a=user,")},
    {TEXT("n,a=,n=user,r=x"), SASL_ASK, TEXT("user"), TEXT("r=x"), TEXT("n,a=,")},
    {TEXT("n,a=root,n=user,r=x"), SASL_FOREIGN, {0}, {0}, {0}},
    {TEXT("n,,n=a=2Cb=3Dc,r=x"), SASL_ASK, TEXT("a,b=c"), TEXT("r=x"), TEXT("n,,")},
    {TEXT("n,,n=a=2cb,r=x"), SASL_MALFORMED, {0}, {0}, {0}},
    {TEXT("n,,n=a=b,r=x"), SASL_MALFORMED, {0}, {0}, {0}},
    {TEXT("n,,n=a=2,r=x"), SASL_MALFORMED, {0}, {0}, {0}},
    {TEXT("n,,n=,r=x"), SASL_MALFORMED, {0}, {0}, {0}},
    {TEXT("n,,m=1,n=user,r=x"), SASL_MALFORMED, {0}, {0}, {0}},
    {TEXT("n,,n=user,r="), SASL_MALFORMED, {0}, {0}, {0}},
    {TEXT("n,,n=user,r=a b"), SASL_MALFORMED, {0}, {0}, {0}},
    {TEXT("n,,n=user"), SASL_MALFORMED, {0}, {0}, {0}},
    {TEXT("n,b=x,n=user,r=x"), SASL_MALFORMED, {0}, {0}, {0}},
    {TEXT("x,,n=user,r=x"), SASL_MALFORMED, {0}, {0}, {0}},
    {TEXT("p=,,n=user,r=x"), SASL_MALFORMED, {0}, {0}, {0}},
    {TEXT("n,n=user,r=x"), SASL_MALFORMED, {0}, {0}, {0}},
    {TEXT("n,,n=us\0er,r=x"), SASL_MALFORMED, {0}, {0}, {0}},
    {TEXT("n"), SASL_MALFORMED, {0}, {0}, {0}},
    {TEXT(""), SASL_MALFORMED, {0}, {0}, {0}},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_int_equal(sasl_begin(&sasl, SASL_SCRAM_SHA_256, cases[i].message), cases[i].next);
    if (cases[i].next != SASL_ASK) continue;
    assert_text(sasl.question.user, cases[i].user);
    assert_text(sasl.question.attributes, cases[i].attributes);
    assert_text(sasl.question.binding, cases[i].binding);
    assert_text(sasl.question.secret, TEXT_ABSENT);
  }
}

#define NONCE "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define PROOF "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="

static void begin_scram(void) {
  assert_int_equal(sasl_begin(&sasl, SASL_SCRAM_SHA_256, TEXT("n,,n=user,r=rOprNGfwEbeRWgbNEkqO")), SASL_ASK);
  assert_int_equal(sasl_answered(&sasl, true, TEXT(NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")), SASL_SEND);
}

static void scram_reads_the_final_message(void **state) {
  (void)state;
  const struct {
    struct text message;
    enum sasl_next next;
    struct text attributes;
  } cases[] = {
    {TEXT("c=biws," NONCE "," PROOF), SASL_ASK, TEXT(NONCE)}, /* RFC 7677 3 */
    {TEXT("c=biws," NONCE ",x=y," PROOF), SASL_ASK, TEXT(NONCE ",x=y")},
    {TEXT("c=biws," NONCE), SASL_MALFORMED, {0}},
    {TEXT("c=biws," PROOF), SASL_MALFORMED, {0}},
    {TEXT("c=biws," NONCE ",p="), SASL_MALFORMED, {0}},
    {TEXT("c=biws," NONCE ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ"), SASL_MALFORMED, {0}},
    {TEXT("c=biws," NONCE ",p=Zm9v"), SASL_MALFORMED, {0}},
    {TEXT(NONCE "," PROOF), SASL_MALFORMED, {0}},
    {TEXT("," PROOF), SASL_MALFORMED, {0}},
    {TEXT(",p"), SASL_MALFORMED, {0}},
    {TEXT(""), SASL_MALFORMED, {0}},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    begin_scram();
    assert_int_equal(sasl_take(&sasl, cases[i].message), cases[i].next);
    if (cases[i].next != SASL_ASK) continue;
    assert_text(sasl.question.attributes, cases[i].attributes);
    assert_text(sasl.question.user, TEXT_ABSENT);
    assert_int_equal(sasl.question.secret.len, 32);
    assert_int_equal(sasl.question.secret.s[0], 'v' - 2); /* 0x74 */
  }
}

static void scram_ends_when_the_client_has_seen_the_signature(void **state) {
  (void)state;
  const struct {
    struct text last;
    enum sasl_next next;
  } cases[] = {{TEXT(""), SASL_OVER}, {TEXT("x"), SASL_MALFORMED}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    begin_scram();
    assert_int_equal(sasl_take(&sasl, TEXT("c=biws," NONCE "," PROOF)), SASL_ASK);
    assert_int_equal(sasl_answered(&sasl, true, TEXT("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")), SASL_SEND);
    assert_int_equal(sasl_take(&sasl, cases[i].last), cases[i].next);
  }
  begin_scram();
  assert_int_equal(sasl_take(&sasl, TEXT("c=biws," NONCE "," PROOF)), SASL_ASK);
  assert_int_equal(sasl_answered(&sasl, false, TEXT_ABSENT), SASL_REFUSED);
}

static void a_message_has_a_limit(void **state) {
  (void)state;
  static char octets[SASL_SECRET_MAX + 6] = "\0tim";
  memset(octets + 5, 'x', sizeof octets - 5);
  assert_int_equal(sasl_begin(&sasl, SASL_PLAIN, (struct text){octets, sizeof octets - 1}), SASL_ASK);
  assert_int_equal(sasl.question.secret.len, SASL_SECRET_MAX);
  assert_int_equal(sasl_begin(&sasl, SASL_PLAIN, (struct text){octets, sizeof octets}), SASL_MALFORMED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(names_are_found, tear_down),
    cmocka_unit_test_teardown(first_messages, tear_down),
    cmocka_unit_test_teardown(login_asks_twice, tear_down),
    cmocka_unit_test_teardown(cram_md5_shows_the_challenge, tear_down),
    cmocka_unit_test_teardown(scram_reads_the_first_message, tear_down),
    cmocka_unit_test_teardown(scram_reads_the_final_message, tear_down),
    cmocka_unit_test_teardown(scram_ends_when_the_client_has_seen_the_signature, tear_down),
    cmocka_unit_test_teardown(a_message_has_a_limit, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
