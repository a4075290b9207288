#include "config.h"
#include "auth/verifier.h"
#include <errno.h>
#include <stdlib.h>
#include "auth/prepare.h"
#include "lib/base64.h"
#include "lib/unittest.h"

/* RFC 7677 3: user "user", password "pencil". */
#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
#define STORED "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
#define SERVER "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define SCRAM "{SCRAM-SHA-256}4096," SALT "," STORED "," SERVER
#define AUTH_MESSAGE                                                                                                   \
  "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=" SALT ",i=4096,c=biws,"        \
  "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define PROOF "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define SIGNATURE "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static stralloc decoded(const char *base64) {
  stralloc out = {0};
  assert_int_equal(base64_decode(&out, text_of(base64)), 0);
  return out;
}

/* RFC 1939 7 */
static void the_rfc_s_example_of_apop(void **state) {
  const struct text challenge = TEXT("<1896.697170952@dbc.mtview.ca.us>"), response = TEXT("c4c9334bac560ecc979e58001b3e22fb");
  struct verifier v;
  (void)state;
  assert_true(apop_check(TEXT("tanstaaf"), challenge, response));
  assert_false(apop_check(TEXT("tanstaag"), challenge, response));
  assert_int_equal(verifier_read(&v, TEXT("{PLAIN.B64}dGFuc3RhYWY=")), 0);
  assert_true(verifier_apop(&v, challenge, response));
  assert_false(verifier_apop(&v, challenge, TEXT("c4c9334bac560ecc979e58001b3e22fc")));
  assert_false(verifier_apop(&v, TEXT("<1@x>"), response));
  assert_int_equal(verifier_password(&v, TEXT("tanstaaf")), 1);
  assert_int_equal(verifier_password(&v, TEXT("tanstaa")), 0);
  verifier_free(&v);
  assert_int_equal(verifier_read(&v, TEXT("{PLAIN.B64}")), -1);
  verifier_free(&v);
  assert_int_equal(verifier_read(&v, TEXT("{PLAIN.B64}eA==:{PLAIN.B64}eA==")), -1);
  verifier_free(&v);
}

static void the_rfc_s_example_of_scram(void **state) {
  (void)state;
  struct verifier v;
  uint8_t signature[SCRAM_OCTETS];
  stralloc proof = decoded(PROOF), expected = decoded(SIGNATURE);
  assert_int_equal(verifier_read(&v, TEXT(SCRAM)), 0);
  assert_true(scram_check(&v.keys, TEXT(AUTH_MESSAGE), (uint8_t *)proof.s, signature));
  assert_memory_equal(signature, expected.s, SCRAM_OCTETS);
  assert_false(scram_check(&v.keys, TEXT("x" AUTH_MESSAGE), (uint8_t *)proof.s, signature));
  proof.s[31] ^= 1;
  assert_false(scram_check(&v.keys, TEXT(AUTH_MESSAGE), (uint8_t *)proof.s, signature));
  assert_int_equal(verifier_password(&v, TEXT("pencil")), 1);
  assert_int_equal(verifier_password(&v, TEXT("pencils")), 0);
  assert_int_equal(verifier_password(&v, TEXT("")), 0);
  verifier_free(&v);
  stralloc_free(&proof);
  stralloc_free(&expected);
}

/* RFC 2195 2: user "tim", shared secret "tanstaaftanstaaf". */
static void the_rfc_s_example_of_cram_md5(void **state) {
  (void)state;
  uint8_t context[CRAMMD5_CONTEXT_OCTETS];
  const struct text challenge = TEXT("<1896.697170952@postoffice.reston.mci.net>");
  crammd5_context(context, TEXT("tanstaaftanstaaf"));
  assert_true(crammd5_check(context, challenge, TEXT("b913a602c7eda7a495b4e6e7334d3890")));
  assert_false(crammd5_check(context, challenge, TEXT("b913a602c7eda7a495b4e6e7334d3891")));
  assert_false(crammd5_check(context, challenge, TEXT("b913a602c7eda7a495b4e6e7334d389")));
  assert_false(crammd5_check(context, TEXT("<1896>"), TEXT("b913a602c7eda7a495b4e6e7334d3890")));
}

/* A key longer than MD5's block is hashed first. */
static void long_secrets_have_contexts_too(void **state) {
  (void)state;
  uint8_t context[CRAMMD5_CONTEXT_OCTETS];
  char a[100];
  memset(a, 'a', sizeof a);
  crammd5_context(context, (struct text){a, sizeof a});
  assert_true(crammd5_check(context, TEXT("<1@x>"), TEXT("527bf30b0215ae803ef30e4228dc4ba9")));
}

static void what_is_made_is_right(void **state) {
  (void)state;
  for (unsigned schemes = 1; schemes < 16; schemes++) {
    stralloc fields = {0};
    struct verifier v;
    assert_int_equal(verifier_put(&fields, schemes, 4096, TEXT("p\xc3\xa4ss word")), 0);
    assert_int_equal(verifier_read(&v, text_of_stralloc(&fields)), 0);
    assert_int_equal(v.has_scram | v.has_crypt << 1 | v.has_cram << 2 | v.has_plain << 3, schemes);
    assert_int_equal(verifier_password(&v, TEXT("p\xc3\xa4ss word")), 1);
    assert_int_equal(verifier_password(&v, TEXT("pa\xcc\x88ss word")), 1); /* the same, decomposed */
    assert_int_equal(verifier_password(&v, TEXT("pass word")), 0);
    verifier_free(&v);
    stralloc_free(&fields);
  }
}

static void two_of_one_password_differ(void **state) {
  (void)state;
  stralloc one = {0}, two = {0};
  assert_int_equal(verifier_put(&one, VERIFIER_SCRAM | VERIFIER_CRYPT, 4096, TEXT("word")), 0);
  assert_int_equal(verifier_put(&two, VERIFIER_SCRAM | VERIFIER_CRYPT, 4096, TEXT("word")), 0);
  assert_false(text_equal(text_of_stralloc(&one), text_of_stralloc(&two)));
  stralloc_free(&one);
  stralloc_free(&two);
}

static void fields_that_are_none(void **state) {
  (void)state;
  const struct text cases[] = {
    TEXT(""),
    TEXT("word"),
    TEXT("{PLAIN}word"),
    TEXT("{CRYPT}"),
    TEXT("{CRYPT}x:{CRYPT}y"),
    TEXT("{SCRAM-SHA-256}"),
    TEXT("{SCRAM-SHA-256}4096," SALT "," STORED),
    TEXT("{SCRAM-SHA-256}0," SALT "," STORED "," SERVER),
    TEXT("{SCRAM-SHA-256}99999999," SALT "," STORED "," SERVER),
    TEXT("{SCRAM-SHA-256}4096,," STORED "," SERVER),
    TEXT("{SCRAM-SHA-256}4096," SALT "," SALT "," SERVER),
    TEXT("{SCRAM-SHA-256}4096," SALT "," STORED "," SERVER ","),
    TEXT(SCRAM ":" SCRAM),
    TEXT("{CRAM-MD5}00"),
    TEXT("{CRAM-MD5}zz5db8cbe1d0a0a4b6bbcd3b30bc1de4dbc4d9ba2c2e8ca3c3ae9f7d3ff4f2c1"),
    TEXT("{SECRET}*"),
    TEXT(SCRAM ":"),
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct verifier v;
    errno = 0;
    if (verifier_read(&v, cases[i]) == 0) fail_msg("case %zu was read", i);
    assert_int_equal(errno, EPROTO);
    verifier_free(&v);
  }
}

static void a_hash_that_crypt_does_not_know_is_nobody_s(void **state) {
  (void)state;
  const struct text cases[] = {TEXT("{CRYPT}*"), TEXT("{CRYPT}!"), TEXT("{CRYPT}*0"), TEXT("{CRYPT}x")};
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct verifier v;
    assert_int_equal(verifier_read(&v, cases[i]), 0);
    assert_int_equal(verifier_password(&v, TEXT("word")), 0);
    assert_int_equal(verifier_password(&v, TEXT("*")), 0);
    verifier_free(&v);
  }
}

static void salts_that_are_made_up_stay(void **state) {
  (void)state;
  uint8_t one[SCRAM_SALT_OCTETS], again[SCRAM_SALT_OCTETS], other[SCRAM_SALT_OCTETS], elsewhere[SCRAM_SALT_OCTETS];
  scram_fake_salt(one, TEXT("secret"), TEXT("joe"));
  scram_fake_salt(again, TEXT("secret"), TEXT("joe"));
  scram_fake_salt(other, TEXT("secret"), TEXT("ann"));
  scram_fake_salt(elsewhere, TEXT("other"), TEXT("joe"));
  assert_memory_equal(one, again, sizeof one);
  assert_memory_not_equal(one, other, sizeof one);
  assert_memory_not_equal(one, elsewhere, sizeof one);
}

static void how_passwords_are_prepared(void **state) {
  (void)state;
  const struct {
    struct text password, prepared;
  } cases[] = { /* RFC 4013 3, and what is no UTF-8 */
    {TEXT("I\xc2\xadX"), TEXT("IX")},
    {TEXT("user"), TEXT("user")},
    {TEXT("\xc2\xaa"), TEXT("a")},
    {TEXT("\xe2\x85\xa8"), TEXT("IX")},
    {TEXT("a\xc2\xa0z"), TEXT("a z")},
    {TEXT("a\xff"), TEXT("a\xff")},
    {TEXT(""), TEXT("")},
    {TEXT("\xe2\x80\x8b"), TEXT("")},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    assert_int_equal(prepare_password(&out, cases[i].password), 0);
    if (!text_equal(text_of_stralloc(&out), cases[i].prepared)) fail_msg("case %zu", i);
    stralloc_free(&out);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_rfc_s_example_of_scram),
    cmocka_unit_test(the_rfc_s_example_of_cram_md5),
    cmocka_unit_test(the_rfc_s_example_of_apop),
    cmocka_unit_test(long_secrets_have_contexts_too),
    cmocka_unit_test(what_is_made_is_right),
    cmocka_unit_test(two_of_one_password_differ),
    cmocka_unit_test(fields_that_are_none),
    cmocka_unit_test(a_hash_that_crypt_does_not_know_is_nobody_s),
    cmocka_unit_test(salts_that_are_made_up_stay),
    cmocka_unit_test(how_passwords_are_prepared),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
