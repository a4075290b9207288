#include "config.h"
#include "tls/failure.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

static void say(struct tls_facts *f, const char *what, const char *reason) {
  f->ok = 0;
  snprintf(f->error, sizeof f->error, "%s: %s", what, reason);
}

void failure_of_request(struct tls_facts *f, const char *what, const char *reason) {
  const char *known = reason ? reason : ERR_reason_error_string(ERR_peek_last_error());
  say(f, what, known ? known : "OpenSSL gives no reason");
  ERR_clear_error();
}

void failure_temporary(struct tls_facts *f, const char *what, const char *reason) {
  say(f, what, reason);
  f->temporary = 1;
}

/* RFC 8460 4.3 for a result of certificate verification (X509_V_...). */
static const char *failure_result(long verify) {
  switch (verify) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return "certificate-expired";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return "certificate-host-mismatch";
    case X509_V_ERR_DANE_NO_MATCH: return "tlsa-invalid";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_REJECTED:
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_CERT_REVOKED:
    case X509_V_ERR_CA_MD_TOO_WEAK:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_EE_KEY_TOO_SMALL: return "certificate-not-trusted";
    default: return "validation-failure";
  }
}

static const char *certificate_reason(long verify) {
  switch (verify) {
    case X509_V_ERR_DANE_NO_MATCH: return "none of the TLSA records matches";
    case X509_V_ERR_HOSTNAME_MISMATCH: return "it is for another name";
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return "it is for another address";
    case X509_V_ERR_APPLICATION_VERIFICATION: return "its fingerprint is another one";
    default: return X509_verify_cert_error_string(verify);
  }
}

/* A server takes any certificate, so that is not why. */
static bool about_certificate(SSL *ssl, struct tls_facts *f) {
  long verify = SSL_get_verify_result(ssl);
  if (verify == X509_V_OK || SSL_is_server(ssl) || SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE) return false;
  say(f, "unable to verify the peer's certificate", certificate_reason(verify));
  snprintf(f->result, sizeof f->result, "%s", failure_result(verify));
  return true;
}

static bool is_end(unsigned long error) {
  return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

/* What the protocol found wrong; the peer's alerts are among it. */
static void about_protocol(struct tls_facts *f, unsigned long error) {
  const char *reason = ERR_reason_error_string(error);
  say(f, "unable to agree on TLS with the peer", reason ? reason : "OpenSSL gives no reason");
  snprintf(f->result, sizeof f->result, "validation-failure");
}

void failure_of_handshake(SSL *ssl, int ret, struct tls_facts *f) {
  int system_error = errno, kind = SSL_get_error(ssl, ret);
  unsigned long error = ERR_peek_error();
  ERR_clear_error();
  if (about_certificate(ssl, f)) return;
  if (kind == SSL_ERROR_SSL && !is_end(error)) {
    about_protocol(f, error);
    return;
  }
  bool said = kind == SSL_ERROR_SYSCALL && system_error != 0;
  failure_temporary(f, "unable to finish the TLS handshake", said ? strerror(system_error) : "the peer closed the connection");
  snprintf(f->result, sizeof f->result, "validation-failure");
}
