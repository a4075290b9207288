#include "config.h"
#include "tls/testcertificate.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tls/client.h"
#include "tls/failure.h"
#include "tls/rehearsal.h"

static void must(bool holds) {
  if (!holds) abort();
}

static EVP_PKEY *make_key(bool rsa) {
  EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
  must(key != NULL);
  return key;
}

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
  must(extension != NULL);
  must(X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

static void add_extensions(X509 *certificate, const struct test_subject *s, X509 *issuer) {
  add_extension(certificate, issuer, NID_basic_constraints, s->authority ? "critical,CA:TRUE" : "CA:FALSE");
  add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
  if (s->authority) add_extension(certificate, issuer, NID_key_usage, "keyCertSign,cRLSign,digitalSignature");
  if (s->names) add_extension(certificate, issuer, NID_subject_alt_name, s->names);
  if (s->purpose) add_extension(certificate, issuer, NID_ext_key_usage, s->purpose);
  if (s->must_staple) add_extension(certificate, issuer, NID_tlsfeature, "status_request");
}

static void set_identity(X509 *certificate, const struct test_subject *s, EVP_PKEY *key) {
  uint64_t serial;
  must(RAND_bytes((unsigned char *)&serial, sizeof serial) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1);
  X509_set_version(certificate, X509_VERSION_3);
  bool usual = s->from_s == 0 && s->until_s == 0;
  X509_gmtime_adj(X509_getm_notBefore(certificate), usual ? -3600 : s->from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), usual ? 30L * TEST_DAY_S : s->until_s);
  X509_set_pubkey(certificate, key);
  if (s->common_name)
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               (const unsigned char *)s->common_name, -1, -1, 0);
}

struct test_certificate test_certificate_make(const struct test_subject *s, const struct test_certificate *issuer) {
  struct test_certificate made = {X509_new(), make_key(s->rsa)};
  X509 *above = issuer ? issuer->certificate : made.certificate;
  must(made.certificate != NULL);
  set_identity(made.certificate, s, made.key);
  X509_set_issuer_name(made.certificate, X509_get_subject_name(above));
  add_extensions(made.certificate, s, above);
  must(X509_sign(made.certificate, issuer ? issuer->key : made.key, EVP_sha256()) > 0);
  return made;
}

void test_certificate_free(struct test_certificate *c) {
  X509_free(c->certificate);
  EVP_PKEY_free(c->key);
}

char *test_certificate_file(X509 *const *certificates, size_t count) {
  char *name = strdup("/tmp/owltls.XXXXXX");
  must(name != NULL);
  int fd = mkstemp(name);
  FILE *file = fd == -1 ? NULL : fdopen(fd, "w");
  must(file != NULL);
  for (size_t i = 0; i < count; i++) must(PEM_write_X509(file, certificates[i]) == 1);
  must(fclose(file) == 0);
  return name;
}

SSL_CTX *test_server(const struct test_certificate *leaf, X509 *const *chain) {
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  must(context != NULL);
  must(SSL_CTX_use_certificate(context, leaf->certificate) == 1);
  must(SSL_CTX_use_PrivateKey(context, leaf->key) == 1);
  for (; chain && *chain; chain++) must(SSL_CTX_add1_chain_cert(context, *chain) == 1);
  return context;
}

static size_t put_digest(unsigned char *to, int matching, const unsigned char *data, size_t len) {
  unsigned digest_len = 0;
  must(EVP_Digest(data, len, to, &digest_len, matching == 1 ? EVP_sha256() : EVP_sha512(), NULL) == 1);
  return digest_len;
}

void test_tlsa(char *to, size_t size, int usage, int selector, int matching, const X509 *certificate) {
  unsigned char *data = NULL, digest[EVP_MAX_MD_SIZE];
  int got = selector == 0 ? i2d_X509(certificate, &data) : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &data);
  must(got > 0);
  const unsigned char *octets = matching == 0 ? data : digest;
  size_t len = matching == 0 ? (size_t)got : put_digest(digest, matching, data, (size_t)got);
  size_t at = (size_t)snprintf(to, size, "%d %d %d ", usage, selector, matching);
  for (size_t i = 0; i < len && at + 2 < size; i++) at += (size_t)snprintf(to + at, size - at, "%02x", octets[i]);
  OPENSSL_free(data);
}

SSL_CTX *test_client(const struct test_certificate *authority) {
  char why[256], *file = test_certificate_file(&authority->certificate, 1);
  SSL_CTX *context = client_context(&(struct client_settings){.authorities = file}, why, sizeof why);
  unlink(file);
  free(file);
  must(context != NULL);
  return context;
}

struct tls_facts test_meet(SSL_CTX *client, const struct tls_request *r, SSL_CTX *server) {
  struct tls_facts f = {0};
  int ret = 0;
  SSL *ours = client_open(client, r, &f);
  if (!ours) return f;
  SSL *theirs = SSL_new(server);
  if (rehearsal_run(ours, theirs, &ret)) client_facts(ours, r, &f);
  else failure_of_handshake(ours, ret, &f);
  SSL_free(ours);
  SSL_free(theirs);
  ERR_clear_error();
  return f;
}
