#include "config.h"
#include "tls/stapled.h"
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/plaintest.h"
#include "tls/client.h"
#include "tls/testcertificate.h"

struct staple {
  unsigned char *octets;
  int len;
};

static struct test_certificate authority, stranger, plain, must;
static SSL_CTX *context;

static int make_world(void **state) {
  (void)state;
  authority = test_certificate_make(&(struct test_subject){.common_name = "authority", .authority = true}, NULL);
  stranger = test_certificate_make(&(struct test_subject){.common_name = "stranger", .authority = true}, NULL);
  plain = test_certificate_make(&(struct test_subject){.names = "DNS:a.test"}, &authority);
  must = test_certificate_make(&(struct test_subject){.names = "DNS:a.test", .must_staple = true}, &authority);
  context = test_client(&authority);
  return 0;
}

static int free_world(void **state) {
  (void)state;
  SSL_CTX_free(context);
  test_certificate_free(&plain);
  test_certificate_free(&must);
  test_certificate_free(&stranger);
  test_certificate_free(&authority);
  return 0;
}

static struct staple make_staple(const X509 *leaf, const struct test_certificate *signer, const EVP_MD *md, int status, long from_s) {
  struct staple made = {NULL, 0};
  OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
  OCSP_CERTID *id = OCSP_cert_to_id(md, leaf, authority.certificate);
  ASN1_TIME *from = X509_gmtime_adj(NULL, from_s), *until = X509_gmtime_adj(NULL, from_s + TEST_DAY_S);
  assert_non_null(OCSP_basic_add1_status(basic, id, status, OCSP_REVOKED_STATUS_KEYCOMPROMISE, from, from, until));
  assert_int_equal(OCSP_basic_sign(basic, signer->certificate, signer->key, EVP_sha256(), NULL, 0), 1);
  OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  made.len = i2d_OCSP_RESPONSE(response, &made.octets);
  assert_true(made.len > 0);
  OCSP_RESPONSE_free(response);
  OCSP_BASICRESP_free(basic);
  OCSP_CERTID_free(id);
  ASN1_TIME_free(from);
  ASN1_TIME_free(until);
  return made;
}

static int staple(SSL *ssl, void *argument) {
  const struct staple *s = argument;
  if (!s->octets) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_tlsext_status_ocsp_resp(ssl, OPENSSL_memdup(s->octets, (size_t)s->len), s->len);
  return SSL_TLSEXT_ERR_OK;
}

static struct tls_facts meet(const struct test_certificate *leaf, struct staple *s, int version) {
  struct tls_request r = {.role = TLS_CLIENT, .check = TLS_CHECK_NAMES, .names = {"a.test"}, .names_count = 1};
  SSL_CTX *server_context = test_server(leaf, NULL);
  SSL_CTX_set_max_proto_version(server_context, version);
  SSL_CTX_set_tlsext_status_cb(server_context, staple);
  SSL_CTX_set_tlsext_status_arg(server_context, s);
  struct tls_facts f = test_meet(context, &r, server_context);
  SSL_CTX_free(server_context);
  return f;
}

enum said { NOTHING, GOOD, REVOKED, UNKNOWN, OTHERS, KINDS };

static const struct {
  enum said said;
  bool strange, sha256, stale;
  bool plain_goes, must_goes;
} cases[] = {
  {.said = NOTHING, .plain_goes = true},
  {.said = GOOD, .plain_goes = true, .must_goes = true},
  {.said = GOOD, .sha256 = true, .plain_goes = true, .must_goes = true},
  {.said = GOOD, .stale = true, .plain_goes = true},
  {.said = GOOD, .strange = true, .plain_goes = true},
  {.said = OTHERS, .plain_goes = true},
  {.said = UNKNOWN, .plain_goes = true},
  {.said = REVOKED},
  {.said = REVOKED, .sha256 = true},
  {.said = REVOKED, .stale = true, .plain_goes = true},
  {.said = REVOKED, .strange = true, .plain_goes = true},
};

static struct staple staple_of(size_t i, const X509 *leaf) {
  static const int status[KINDS] = {[GOOD] = V_OCSP_CERTSTATUS_GOOD, [REVOKED] = V_OCSP_CERTSTATUS_REVOKED,
                                    [UNKNOWN] = V_OCSP_CERTSTATUS_UNKNOWN, [OTHERS] = V_OCSP_CERTSTATUS_GOOD};
  if (cases[i].said == NOTHING) return (struct staple){NULL, 0};
  return make_staple(cases[i].said == OTHERS ? authority.certificate : leaf, cases[i].strange ? &stranger : &authority,
                     cases[i].sha256 ? EVP_sha256() : EVP_sha1(), status[cases[i].said],
                     cases[i].stale ? -3L * TEST_DAY_S : -3600);
}

static void try_case(size_t i, const struct test_certificate *leaf, bool goes, int version) {
  struct staple s = staple_of(i, leaf->certificate);
  struct tls_facts f = meet(leaf, &s, version);
  const char *result = goes ? "" : cases[i].said == REVOKED && !cases[i].stale && !cases[i].strange ? "certificate-not-trusted" : "validation-failure";
  if (f.ok != goes || strcmp(f.result, result) != 0)
    fail_msg("case %zu (%s): ok=%u result=%s error=%s", i, leaf == &must ? "must" : "plain", f.ok, f.result, f.error);
  OPENSSL_free(s.octets);
}

static void answers_count_when_they_prove_something(void **state) {
  (void)state;
  for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
    for (size_t i = 0; i < COUNT(cases); i++) {
      try_case(i, &plain, cases[i].plain_goes, version);
      try_case(i, &must, cases[i].must_goes, version);
    }
}

static void octets_that_are_no_answer(void **state) {
  (void)state;
  struct staple whole = make_staple(plain.certificate, &authority, EVP_sha1(), V_OCSP_CERTSTATUS_REVOKED, -3600);
  for (int len = 1; len < whole.len; len += 37) {
    struct staple part = {whole.octets, len};
    assert_int_equal(meet(&plain, &part, TLS1_3_VERSION).ok, 1);
  }
  OPENSSL_free(whole.octets);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(answers_count_when_they_prove_something),
    cmocka_unit_test(octets_that_are_no_answer),
  };
  return cmocka_run_group_tests(tests, make_world, free_world);
}
