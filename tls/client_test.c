#include "config.h"
#include "tls/client.h"
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "lib/plaintest.h"
#include "tls/facts.h"
#include "tls/testcertificate.h"

enum kind { GOOD, RSA_KEY, WRONG, EXPIRED, EARLY, OTHER_CA, SELF_SIGNED, FOR_CLIENTS, CN_ONLY, WILD, PARTIAL, DEEP_WILD, ADDRESS, MUST_STAPLE, KINDS };

static const struct test_subject subjects[KINDS] = {
  [GOOD] = {.common_name = "subject", .names = "DNS:mx.a.test,DNS:a.test"},
  [RSA_KEY] = {.common_name = "subject", .names = "DNS:mx.a.test", .rsa = true},
  [WRONG] = {.common_name = "mx.a.test", .names = "DNS:mx.other.test"},
  [EXPIRED] = {.names = "DNS:mx.a.test", .from_s = -3L * TEST_DAY_S, .until_s = -TEST_DAY_S},
  [EARLY] = {.names = "DNS:mx.a.test", .from_s = TEST_DAY_S, .until_s = 3L * TEST_DAY_S},
  [OTHER_CA] = {.names = "DNS:mx.a.test"},
  [SELF_SIGNED] = {.names = "DNS:mx.a.test"},
  [FOR_CLIENTS] = {.names = "DNS:mx.a.test", .purpose = "clientAuth"},
  [CN_ONLY] = {.common_name = "mx.a.test"},
  [WILD] = {.names = "DNS:*.a.test"},
  [PARTIAL] = {.names = "DNS:m*.a.test"},
  [DEEP_WILD] = {.names = "DNS:*.test"},
  [ADDRESS] = {.names = "IP:192.0.2.1"},
  [MUST_STAPLE] = {.names = "DNS:mx.a.test", .must_staple = true},
};

static struct test_certificate authority, other_authority, leaf[KINDS];
static SSL_CTX *context;

static int make_world(void **state) {
  (void)state;
  authority = test_certificate_make(&(struct test_subject){.common_name = "authority", .authority = true}, NULL);
  other_authority = test_certificate_make(&(struct test_subject){.common_name = "other", .authority = true}, NULL);
  for (enum kind k = 0; k < KINDS; k++)
    leaf[k] = test_certificate_make(&subjects[k], k == SELF_SIGNED ? NULL : k == OTHER_CA ? &other_authority : &authority);
  context = test_client(&authority);
  return 0;
}

static int free_world(void **state) {
  (void)state;
  SSL_CTX_free(context);
  for (enum kind k = 0; k < KINDS; k++) test_certificate_free(&leaf[k]);
  test_certificate_free(&authority);
  test_certificate_free(&other_authority);
  return 0;
}

static struct tls_facts meet(SSL_CTX *server, const struct tls_request *r) { return test_meet(context, r, server); }

static struct tls_facts meet_leaf(enum kind kind, const struct tls_request *r) {
  SSL_CTX *server = test_server(&leaf[kind], NULL);
  struct tls_facts f = meet(server, r);
  SSL_CTX_free(server);
  return f;
}

static void names_are_verified(void **state) {
  (void)state;
  static const struct {
    enum kind kind;
    const char *names[2];
    const char *result, *peer;
  } cases[] = {
    {GOOD, {"mx.a.test"}, NULL, "mx.a.test"},
    {GOOD, {"mx.b.test", "a.test"}, NULL, "a.test"},
    {GOOD, {"MX.A.test."}, NULL, "MX.A.test."},
    {RSA_KEY, {"mx.a.test"}, NULL, "mx.a.test"},
    {WILD, {"mx.a.test"}, NULL, "mx.a.test"},
    {ADDRESS, {"192.0.2.1"}, NULL, "192.0.2.1"},
    {GOOD, {"subject"}, "certificate-host-mismatch", ""},
    {GOOD, {"192.0.2.1"}, "certificate-host-mismatch", ""},
    {WRONG, {"mx.a.test"}, "certificate-host-mismatch", ""},
    {CN_ONLY, {"mx.a.test"}, "certificate-host-mismatch", ""},
    {PARTIAL, {"mx.a.test"}, "certificate-host-mismatch", ""},
    {DEEP_WILD, {"mx.a.test"}, "certificate-host-mismatch", ""},
    {WILD, {"a.test"}, "certificate-host-mismatch", ""},
    {ADDRESS, {"192.0.2.2"}, "certificate-host-mismatch", ""},
    {EXPIRED, {"mx.a.test"}, "certificate-expired", ""},
    {EARLY, {"mx.a.test"}, "validation-failure", ""},
    {OTHER_CA, {"mx.a.test"}, "certificate-not-trusted", ""},
    {SELF_SIGNED, {"mx.a.test"}, "certificate-not-trusted", ""},
    {FOR_CLIENTS, {"mx.a.test"}, "certificate-not-trusted", ""},
    {MUST_STAPLE, {"mx.a.test"}, "validation-failure", ""},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct tls_request r = {.role = TLS_CLIENT, .check = TLS_CHECK_NAMES};
    for (; r.names_count < 2 && cases[i].names[r.names_count]; r.names_count++)
      strcpy(r.names[r.names_count], cases[i].names[r.names_count]);
    struct tls_facts f = meet_leaf(cases[i].kind, &r);
    if (f.ok != !cases[i].result || strcmp(f.result, cases[i].result ? cases[i].result : "") != 0 ||
        strcmp(f.peer, cases[i].peer) != 0 || strcmp(f.verified, f.ok ? "names" : "") != 0)
      fail_msg("case %zu: ok=%u result=%s peer=%s verified=%s error=%s", i, f.ok, f.result, f.peer, f.verified, f.error);
  }
}

static void nothing_takes_all(void **state) {
  (void)state;
  struct tls_request r = {.role = TLS_CLIENT, .check = TLS_CHECK_NOTHING};
  for (enum kind k = 0; k < KINDS; k++) {
    struct tls_facts f = meet_leaf(k, &r);
    if (!f.ok || *f.verified || !*f.fingerprint) fail_msg("kind %d: %s", (int)k, f.error);
  }
  assert_string_equal(meet_leaf(CN_ONLY, &r).peer, "mx.a.test");
}

static void fingerprints_are_all_that_counts(void **state) {
  (void)state;
  struct tls_request r = {.role = TLS_CLIENT, .check = TLS_CHECK_FINGERPRINT, .fingerprints_count = 2};
  memset(r.fingerprints[0], 'a', 64);
  assert_true(facts_key_fingerprint(leaf[EXPIRED].certificate, r.fingerprints[1]));
  assert_string_equal(meet_leaf(EXPIRED, &r).verified, "fingerprint");
  assert_true(facts_fingerprint(leaf[SELF_SIGNED].certificate, r.fingerprints[1]));
  assert_string_equal(meet_leaf(SELF_SIGNED, &r).verified, "fingerprint");
  struct tls_facts f = meet_leaf(GOOD, &r);
  assert_int_equal(f.ok, 0);
  assert_string_equal(f.error, "unable to verify the peer's certificate: its fingerprint is another one");
  assert_string_equal(f.result, "validation-failure");
}

static void requests_that_cannot_be(void **state) {
  (void)state;
  static const struct tls_request cases[] = {
    {.check = TLS_CHECK_NAMES},
    {.check = TLS_CHECK_FINGERPRINT},
    {.check = TLS_CHECK_DANE, .names = {"mx.a.test"}, .names_count = 1},
    {.check = TLS_CHECK_DANE, .tlsa = {"3 1 1 00"}, .tlsa_count = 1},
    {.check = TLS_CHECK_DANE, .tlsa = {"3 1 1 00"}, .tlsa_count = 1, .names = {"::1"}, .names_count = 1},
    {.check = TLS_CHECK_DANE, .tlsa = {"3 1 1 0"}, .tlsa_count = 1, .names = {"mx.a.test"}, .names_count = 1},
    {.check = TLS_CHECK_DANE, .tlsa = {"3 1 256 00"}, .tlsa_count = 1, .names = {"mx.a.test"}, .names_count = 1},
    {.minversion = "1.1"},
    {.ciphers = "none of them"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct tls_facts f = {0};
    if (client_open(context, &cases[i], &f)) fail_msg("case %zu is taken", i);
    assert_non_null(strstr(f.error, "unable to "));
    assert_int_equal(f.temporary, 0);
  }
}

static void facts_are_complete(void **state) {
  (void)state;
  struct tls_request r = {.role = TLS_CLIENT, .check = TLS_CHECK_NOTHING};
  SSL_CTX *server = test_server(&leaf[GOOD], NULL);
  struct tls_facts f = meet(server, &r);
  assert_string_equal(f.version, "TLSv1.3");
  assert_string_equal(f.cipher, "TLS_AES_128_GCM_SHA256");
  assert_int_equal(f.bits, 128);
  assert_int_equal(strlen(f.exporter), 64);
  assert_string_equal(f.endpoint, f.fingerprint);
  SSL_CTX_set_max_proto_version(server, TLS1_2_VERSION);
  f = meet(server, &r);
  assert_string_equal(f.version, "TLSv1.2");
  assert_string_equal(f.cipher, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  assert_int_equal(strlen(f.exporter), 64);
  SSL_CTX_set_options(server, SSL_OP_NO_EXTENDED_MASTER_SECRET);
  assert_string_equal(meet(server, &r).exporter, "");
  strcpy(r.minversion, "1.3");
  f = meet(server, &r);
  assert_int_equal(f.ok, 0);
  assert_string_equal(f.result, "validation-failure");
  SSL_CTX_free(server);
}

static void settings_that_cannot_be(void **state) {
  (void)state;
  char why[256];
  assert_null(client_context(&(struct client_settings){.authorities = "/nonexistent"}, why, sizeof why));
  assert_non_null(strstr(why, "unable to read authorities from /nonexistent: "));
  assert_null(client_context(&(struct client_settings){.minversion = "1.1"}, why, sizeof why));
  assert_null(client_context(&(struct client_settings){.ciphers = "NONE"}, why, sizeof why));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_are_verified),      cmocka_unit_test(nothing_takes_all),
    cmocka_unit_test(fingerprints_are_all_that_counts), cmocka_unit_test(requests_that_cannot_be),
    cmocka_unit_test(facts_are_complete),      cmocka_unit_test(settings_that_cannot_be),
  };
  return cmocka_run_group_tests(tests, make_world, free_world);
}
