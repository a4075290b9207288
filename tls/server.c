#include "config.h"
#include "tls/server.h"
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include "tls/client.h"
#include "tls/facts.h"
#include "tls/failure.h"
#include "tls/staple.h"
#include "tls/suites.h"

/* ---- which certificate */

static int use_identity(SSL *ssl, const struct identity *i) {
  return SSL_use_cert_and_key(ssl, i->leaf, i->key, i->chain, 1);
}

/* Of the certificates that are for the name, the first of each type of key. */
static unsigned use_for_name(SSL *ssl, const struct server *s, const char *name) {
  int types[2] = {EVP_PKEY_RSA, EVP_PKEY_EC};
  unsigned used = 0;
  for (int t = 0; t < 2; t++)
    for (unsigned i = 0; i < s->count; i++) {
      if (EVP_PKEY_get_base_id(s->identities[i].key) != types[t]) continue;
      if (!identity_is_for(&s->identities[i], name)) continue;
      used += use_identity(ssl, &s->identities[i]) == 1;
      break;
    }
  return used;
}

static int choose(SSL *ssl, void *server) {
  const struct server *s = server;
  const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  char own[TLSWIRE_NAME_MAX + 1];
  SSL_certs_clear(ssl);
  if (name && use_for_name(ssl, s, name)) return 1;
  identity_name(&s->identities[0], own, sizeof own);
  if (own[0] && use_for_name(ssl, s, own)) return 1;
  return use_identity(ssl, &s->identities[0]);
}

/* A name is acknowledged, and never refused: what the certificate proves is the
 * client's to judge. */
static int hear_name(SSL *ssl, int *alert, void *unused) {
  (void)ssl, (void)alert, (void)unused;
  return SSL_TLSEXT_ERR_OK;
}

static int show_staple(SSL *ssl, void *server) {
  const struct server *s = server;
  const X509 *shown = SSL_get_certificate(ssl);
  for (unsigned i = 0; i < s->count; i++) {
    const struct identity *id = &s->identities[i];
    if (id->leaf != shown || !id->staple || !staple_is_current(id->staple, id->staple_len, time(NULL))) continue;
    unsigned char *copy = OPENSSL_memdup(id->staple, id->staple_len);
    if (!copy || SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)id->staple_len) != 1) return SSL_TLSEXT_ERR_NOACK;
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

/* ---- the context */

static EVP_PKEY *finite_field(void) {
  EVP_PKEY *parameters = NULL;
  char group[] = "ffdhe2048"; /* RFC 7919 */
  OSSL_PARAM parts[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                        OSSL_PARAM_construct_end()};
  EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
  if (c && EVP_PKEY_paramgen_init(c) == 1 && EVP_PKEY_CTX_set_params(c, parts) == 1)
    (void)EVP_PKEY_paramgen(c, &parameters);
  EVP_PKEY_CTX_free(c);
  return parameters;
}

static int set_finite_field(SSL_CTX *c) {
  EVP_PKEY *parameters = finite_field();
  if (parameters && SSL_CTX_set0_tmp_dh_pkey(c, parameters) == 1) return 1;
  EVP_PKEY_free(parameters);
  return 0;
}

static const char *set_ciphers(SSL_CTX *c, const char *ciphers) {
  char list[SETTINGS_CIPHERS + 32];
  snprintf(list, sizeof list, "%s:!kRSA:!aNULL:!eNULL", *ciphers ? ciphers : SUITES_INTERMEDIATE);
  if (SSL_CTX_set_ciphersuites(c, SUITES_1_3) != 1) return "the ciphers of TLS 1.3";
  return SSL_CTX_set_cipher_list(c, list) == 1 ? NULL : "tlsserverciphers";
}

static bool digest_one(EVP_MD_CTX *digest, const X509 *authority) {
  unsigned char octets[EVP_MAX_MD_SIZE];
  unsigned len;
  return X509_digest(authority, EVP_sha256(), octets, &len) == 1 && EVP_DigestUpdate(digest, octets, len) == 1;
}

/* Of none it is that of nothing. */
static bool digest_authorities(struct server *s, SSL_CTX *c) {
  STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(c));
  EVP_MD_CTX *digest = EVP_MD_CTX_new();
  bool ok = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;
  for (int i = 0; ok && i < sk_X509_OBJECT_num(all); i++) {
    const X509 *authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
    ok = !authority || digest_one(digest, authority);
  }
  ok = ok && EVP_DigestFinal_ex(digest, s->asked, NULL) == 1;
  EVP_MD_CTX_free(digest);
  return ok;
}

/* What cannot be set, or NULL. */
static const char *set_up(SSL_CTX *c, struct server *s, const struct settings *settings) {
  SSL_CTX_set_security_level(c, 2);
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(c, 1); /* a record's head and body at once */
  if (SSL_CTX_set_min_proto_version(c, client_version_number(settings->server.minversion)) != 1)
    return "tlsserverminversion";
  if (SSL_CTX_set1_groups_list(c, SUITES_GROUPS) != 1) return "groups";
  if (!set_finite_field(c)) return "ffdhe2048";
  if (!tickets_use(c, &s->tickets, settings->ticket_s)) return "tickets";
  if (settings->client_authorities[0] && SSL_CTX_load_verify_file(c, settings->client_authorities) != 1)
    return "tlsclientauthorities";
  if (!digest_authorities(s, c)) return "tlsclientauthorities";
  SSL_CTX_set_cert_cb(c, choose, s);
  SSL_CTX_set_tlsext_servername_callback(c, hear_name);
  SSL_CTX_set_tlsext_status_cb(c, show_staple);
  SSL_CTX_set_tlsext_status_arg(c, s);
  return set_ciphers(c, settings->server.ciphers);
}

SSL_CTX *server_context(struct server *s, const struct settings *settings, char why[SERVER_WHY]) {
  SSL_CTX *c = SSL_CTX_new(TLS_server_method());
  const char *fault = c ? set_up(c, s, settings) : "a context";
  if (!fault) return c;
  const char *reason = ERR_reason_error_string(ERR_peek_last_error());
  snprintf(why, SERVER_WHY, "unable to use %s: %s", fault, reason ? reason : "out of memory");
  ERR_clear_error();
  SSL_CTX_free(c);
  return NULL;
}

/* ---- a session */

/* What a client's certificate is worth is said in the facts, and decided by
 * who asked. */
static int accept_any(int good, X509_STORE_CTX *chain) {
  (void)good, (void)chain;
  return 1;
}

/* A session of a client that was not asked for its certificate is none of one
 * that was. */
static int set_peer(SSL *ssl, const struct server *s, const struct tls_request *r) {
  static const unsigned char unasked[] = "unasked";
  if (!r->peer_asked) return SSL_set_session_id_context(ssl, unasked, sizeof unasked - 1);
  SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, accept_any);
  return SSL_set_session_id_context(ssl, s->asked, sizeof s->asked);
}

static const char *set_request(SSL *ssl, const struct server *s, const struct tls_request *r) {
  if (r->minversion[0] && SSL_set_min_proto_version(ssl, client_version_number(r->minversion)) != 1)
    return "unable to set the least version";
  if (r->ciphers[0] && SSL_set_cipher_list(ssl, r->ciphers) != 1) return "unable to set the ciphers";
  return set_peer(ssl, s, r) == 1 ? NULL : "unable to set the session";
}

SSL *server_open(SSL_CTX *context, struct server *s, const struct tls_request *r, struct tls_facts *f) {
  if (!context || s->count == 0) {
    failure_temporary(f, "unable to begin TLS", "no certificate is loaded");
    return NULL;
  }
  SSL *ssl = SSL_new(context);
  if (!ssl) {
    failure_temporary(f, "unable to begin TLS", "out of memory");
    return NULL;
  }
  const char *fault = set_request(ssl, s, r);
  SSL_set_accept_state(ssl);
  if (!fault) return ssl;
  failure_of_request(f, fault, NULL);
  SSL_free(ssl);
  return NULL;
}

/* A session that is resumed has its certificate from long ago. */
static bool is_over(const X509 *certificate) { return X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0; }

void server_facts(SSL *ssl, struct tls_facts *f) {
  facts_fill(ssl, f);
  f->ok = 1;
  if (f->fingerprint[0] && SSL_get_verify_result(ssl) == X509_V_OK && !is_over(SSL_get0_peer_certificate(ssl)))
    snprintf(f->verified, sizeof f->verified, "authority");
}
