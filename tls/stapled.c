#include "config.h"
#include "tls/stapled.h"
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

enum { CLOCKS_APART_S = 300 };

enum standing { UNKNOWN, GOOD, REVOKED };

static bool must_staple(const X509 *certificate) {
  TLS_FEATURE *features = X509_get_ext_d2i(certificate, NID_tlsfeature, NULL, NULL);
  bool found = false;
  for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
    found = found || ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == TLSEXT_TYPE_status_request;
  sk_ASN1_INTEGER_pop_free(features, ASN1_INTEGER_free);
  return found;
}

static enum standing look_up(OCSP_BASICRESP *basic, const EVP_MD *md, const X509 *leaf, const X509 *issuer) {
  int status;
  ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
  OCSP_CERTID *id = OCSP_cert_to_id(md, leaf, issuer);
  bool found = id && OCSP_resp_find_status(basic, id, &status, NULL, NULL, &from, &until) == 1 &&
               OCSP_check_validity(from, until, CLOCKS_APART_S, -1) == 1;
  OCSP_CERTID_free(id);
  if (!found || status == V_OCSP_CERTSTATUS_UNKNOWN) return UNKNOWN;
  return status == V_OCSP_CERTSTATUS_REVOKED ? REVOKED : GOOD;
}

static enum standing standing_in(OCSP_BASICRESP *basic, STACK_OF(X509) *chain, X509_STORE *authorities) {
  if (sk_X509_num(chain) < 2 || OCSP_basic_verify(basic, chain, authorities, 0) != 1) return UNKNOWN;
  const X509 *leaf = sk_X509_value(chain, 0), *issuer = sk_X509_value(chain, 1);
  enum standing by_sha1 = look_up(basic, EVP_sha1(), leaf, issuer);
  return by_sha1 == UNKNOWN ? look_up(basic, EVP_sha256(), leaf, issuer) : by_sha1;
}

static enum standing standing_of(SSL *ssl, const unsigned char *octets, long len) {
  if (!octets || len <= 0) return UNKNOWN;
  OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &octets, len);
  OCSP_BASICRESP *basic = response && OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL
                            ? OCSP_response_get1_basic(response)
                            : NULL;
  X509_STORE *authorities = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  enum standing standing = basic ? standing_in(basic, SSL_get0_verified_chain(ssl), authorities) : UNKNOWN;
  OCSP_BASICRESP_free(basic);
  OCSP_RESPONSE_free(response);
  ERR_clear_error();
  return standing;
}

/* A resumed session brings none; its first handshake has been through here. */
static int check_staple(SSL *ssl, void *unused) {
  (void)unused;
  const X509 *leaf = SSL_get0_peer_certificate(ssl);
  const unsigned char *octets = NULL;
  if (SSL_session_reused(ssl) || !leaf) return 1;
  long len = SSL_get_tlsext_status_ocsp_resp(ssl, &octets);
  enum standing standing = standing_of(ssl, octets, len);
  if (standing == GOOD || (standing == UNKNOWN && !must_staple(leaf))) return 1;
  SSL_set_verify_result(ssl, standing == REVOKED ? X509_V_ERR_CERT_REVOKED : X509_V_ERR_OCSP_VERIFY_NEEDED);
  return 0;
}

void stapled_prepare(SSL_CTX *context) {
  SSL_CTX_set_tlsext_status_cb(context, check_staple);
}

void stapled_ask(SSL *ssl) {
  SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
}
