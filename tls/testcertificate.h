/* testcertificate.h - certificates for unit tests and fuzzers, made while they run */
#ifndef OWL_TLS_TESTCERTIFICATE_H
#define OWL_TLS_TESTCERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include "lib/tlswire.h"

enum { TEST_DAY_S = 86400 };

struct test_certificate {
  X509 *certificate;
  EVP_PKEY *key;
};

struct test_subject {
  const char *common_name;       /* NULL: an empty subject */
  const char *names;             /* "DNS:a.test,IP:192.0.2.1"; NULL: no subjectAltName */
  const char *purpose;           /* extendedKeyUsage; NULL: none */
  long from_s, until_s;          /* from now on; both 0: from an hour ago for 30 days */
  bool authority, rsa, must_staple;
};

/* issuer NULL: self-signed.  What fails ends the test. */
struct test_certificate test_certificate_make(const struct test_subject *subject, const struct test_certificate *issuer);
void test_certificate_free(struct test_certificate *c);

/* A PEM file of these certificates, of a new name; the caller removes it and frees the name. */
char *test_certificate_file(X509 *const *certificates, size_t count);

/* A server's context with the certificate, and the others of its chain (NULL ends them). */
SSL_CTX *test_server(const struct test_certificate *leaf, X509 *const *chain);

/* A client's context that trusts this authority alone. */
SSL_CTX *test_client(const struct test_certificate *authority);

/* A handshake over memory with a server; what the client says of it. */
struct tls_facts test_meet(SSL_CTX *client_context, const struct tls_request *r, SSL_CTX *server_context);

/* TLSA data: of the certificate (selector 0) or its key (1); matching 0, 1, 2.  "U S M HEX" */
void test_tlsa(char *to, size_t size, int usage, int selector, int matching, const X509 *certificate);

#endif
