#include "config.h"
#include "tls/client.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tls/dane.h"
#include "tls/facts.h"
#include "tls/failure.h"
#include "tls/names.h"
#include "tls/stapled.h"
#include "tls/suites.h"

enum { CHAIN_MAX = 10, LEVEL_OPPORTUNISTIC = 1, LEVEL_VERIFIED = 2 };

int client_version_number(const char *version) {
  if (strcmp(version, "1.2") == 0) return TLS1_2_VERSION;
  if (strcmp(version, "1.3") == 0) return TLS1_3_VERSION;
  return 0;
}

/* ---- the policy, inside the handshake */

static bool has_fingerprint(const X509 *certificate, const struct tls_request *r) {
  char whole[FACTS_SHA256_HEX], key[FACTS_SHA256_HEX];
  if (!facts_fingerprint(certificate, whole) || !facts_key_fingerprint(certificate, key)) return false;
  for (unsigned i = 0; i < r->fingerprints_count && i < TLSWIRE_FINGERPRINTS; i++)
    if (strcmp(r->fingerprints[i], whole) == 0 || strcmp(r->fingerprints[i], key) == 0) return true;
  return false;
}

static int refuse(X509_STORE_CTX *chain, int error) {
  X509_STORE_CTX_set_error(chain, error);
  return 0;
}

static int check_names(X509_STORE_CTX *chain, const struct tls_request *r) {
  X509 *leaf = X509_STORE_CTX_get0_cert(chain);
  if (X509_verify_cert(chain) != 1) {
    if (X509_STORE_CTX_get_error(chain) == X509_V_OK) X509_STORE_CTX_set_error(chain, X509_V_ERR_UNSPECIFIED);
    return 0;
  }
  if (names_match(leaf, r, false)) return 1;
  bool address = r->names_count > 0 && names_is_address(r->names[0]);
  return refuse(chain, address ? X509_V_ERR_IP_ADDRESS_MISMATCH : X509_V_ERR_HOSTNAME_MISMATCH);
}

static int check_dane(X509_STORE_CTX *chain) {
  if (X509_verify_cert(chain) == 1) return 1;
  return X509_STORE_CTX_get_error(chain) == X509_V_OK ? refuse(chain, X509_V_ERR_UNSPECIFIED) : 0;
}

/* With SSL_VERIFY_NONE nobody asks for the answer. */
static int check_certificate(X509_STORE_CTX *chain, void *unused) {
  SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
  const struct tls_request *r = SSL_get_app_data(ssl);
  (void)unused;
  if (SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE) return 1;
  switch ((enum tls_check)r->check) {
    case TLS_CHECK_NOTHING: return 1;
    case TLS_CHECK_NAMES: return check_names(chain, r);
    case TLS_CHECK_DANE: return check_dane(chain);
    case TLS_CHECK_FINGERPRINT: break;
  }
  if (has_fingerprint(X509_STORE_CTX_get0_cert(chain), r)) return 1;
  return refuse(chain, X509_V_ERR_APPLICATION_VERIFICATION);
}

/* ---- the context */

static const char *system_authorities(void) {
  static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++)
    if (access(places[i], R_OK) == 0) return places[i];
  const char *built_in = X509_get_default_cert_file();
  return access(built_in, R_OK) == 0 ? built_in : NULL;
}

static bool say(char *why, size_t size, const char *what, const char *object) {
  const char *reason = ERR_reason_error_string(ERR_peek_last_error());
  snprintf(why, size, "unable to %s %s: %s", what, object, reason ? reason : "OpenSSL gives no reason");
  ERR_clear_error();
  return false;
}

static bool is_set(const char *s) {
  return s && *s;
}

/* Where the system has none and none are asked for, no name can be verified; all
 * else goes on. */
static bool load_authorities(SSL_CTX *context, const char *file, char *why, size_t why_size) {
  if (!is_set(file) && !(file = system_authorities())) return true;
  if (SSL_CTX_load_verify_file(context, file) == 1) return true;
  return say(why, why_size, "read authorities from", file);
}

static bool set_strength(SSL_CTX *context, const struct client_settings *s, char *why, size_t why_size) {
  const char *version = is_set(s->minversion) ? s->minversion : "1.2";
  const char *ciphers = is_set(s->ciphers) ? s->ciphers : SUITES_INTERMEDIATE;
  int number = client_version_number(version);
  if (number == 0 || SSL_CTX_set_min_proto_version(context, number) != 1)
    return say(why, why_size, "use TLS version", version);
  if (SSL_CTX_set_ciphersuites(context, SUITES_1_3) != 1) return say(why, why_size, "use ciphers", SUITES_1_3);
  return SSL_CTX_set_cipher_list(context, ciphers) == 1 || say(why, why_size, "use ciphers", ciphers);
}

static bool set_up(SSL_CTX *context, const struct client_settings *s, char *why, size_t why_size) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_read_ahead(context, 1); /* a record's head and body at once */
  SSL_CTX_set_verify_depth(context, CHAIN_MAX);
  SSL_CTX_set_cert_verify_callback(context, check_certificate, NULL);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  stapled_prepare(context);
  if (!dane_prepare(context)) return say(why, why_size, "prepare", "DANE");
  return set_strength(context, s, why, why_size) && load_authorities(context, s->authorities, why, why_size);
}

SSL_CTX *client_context(const struct client_settings *s, char *why, size_t why_size) {
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  if (!context) {
    say(why, why_size, "prepare", "OpenSSL");
    return NULL;
  }
  if (set_up(context, s, why, why_size)) return context;
  SSL_CTX_free(context);
  return NULL;
}

/* ---- a session */

static bool wrong(struct tls_facts *f, const char *what, const char *reason) {
  failure_of_request(f, what, reason);
  return false;
}

static bool set_name(SSL *ssl, const struct tls_request *r, struct tls_facts *f) {
  const char *name = r->sni;
  /* RFC 7672 8.1: the TLSA base domain */
  if (!*name && r->check == TLS_CHECK_DANE && r->names_count > 0) name = r->names[0];
  if (!*name || names_is_address(name)) return true;
  return SSL_set_tlsext_host_name(ssl, name) == 1 || wrong(f, "unable to ask for the server by its name", NULL);
}

static bool set_session_strength(SSL *ssl, const struct tls_request *r, struct tls_facts *f) {
  SSL_set_security_level(ssl, r->check == TLS_CHECK_NOTHING ? LEVEL_OPPORTUNISTIC : LEVEL_VERIFIED);
  int number = client_version_number(r->minversion);
  if (*r->minversion && (number == 0 || SSL_set_min_proto_version(ssl, number) != 1))
    return wrong(f, "unable to use the TLS version that is asked for", "it is neither 1.2 nor 1.3");
  return !*r->ciphers || SSL_set_cipher_list(ssl, r->ciphers) == 1 ||
         wrong(f, "unable to use the ciphers that are asked for", NULL);
}

static bool set_dane(SSL *ssl, const struct tls_request *r, struct tls_facts *f) {
  switch (dane_take(ssl, r)) {
    case DANE_USABLE: return true;
    case DANE_NONE_USABLE: SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL); return true;
    case DANE_MALFORMED: return wrong(f, "unable to use the TLSA records", "they or the name are malformed");
    case DANE_NO_MEMORY: break;
  }
  failure_temporary(f, "unable to use the TLSA records", "out of memory");
  return false;
}

static bool set_check(SSL *ssl, const struct tls_request *r, struct tls_facts *f) {
  SSL_set_verify(ssl, r->check == TLS_CHECK_NOTHING ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
  switch ((enum tls_check)r->check) {
    case TLS_CHECK_NOTHING: return true;
    case TLS_CHECK_DANE: return set_dane(ssl, r, f);
    case TLS_CHECK_NAMES:
      stapled_ask(ssl);
      return r->names_count > 0 || wrong(f, "unable to verify names", "none is given");
    case TLS_CHECK_FINGERPRINT: break;
  }
  return r->fingerprints_count > 0 || wrong(f, "unable to verify fingerprints", "none is given");
}

SSL *client_open(SSL_CTX *context, const struct tls_request *r, struct tls_facts *f) {
  SSL *ssl = SSL_new(context);
  if (!ssl) {
    failure_temporary(f, "unable to begin TLS", "out of memory");
    return NULL;
  }
  SSL_set_app_data(ssl, (void *)r);
  SSL_set_connect_state(ssl);
  if (set_name(ssl, r, f) && set_session_strength(ssl, r, f) && set_check(ssl, r, f)) return ssl;
  SSL_free(ssl);
  return NULL;
}

/* ---- afterwards */

static const char *verified_how(const SSL *ssl, const struct tls_request *r) {
  if (SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE) return "";
  switch ((enum tls_check)r->check) {
    case TLS_CHECK_NOTHING: return "";
    case TLS_CHECK_NAMES: return "names";
    case TLS_CHECK_FINGERPRINT: return "fingerprint";
    case TLS_CHECK_DANE: break;
  }
  return "dane";
}

void client_facts(SSL *ssl, const struct tls_request *r, struct tls_facts *f) {
  X509 *peer = SSL_get0_peer_certificate(ssl);
  const char *name = peer ? names_match(peer, r, r->check == TLS_CHECK_DANE) : NULL;
  const char *verified = verified_how(ssl, r);
  facts_fill(ssl, f);
  if (name) snprintf(f->peer, sizeof f->peer, "%s", name);
  if (*verified && (!peer || SSL_get_verify_result(ssl) != X509_V_OK)) {
    failure_of_request(f, "unable to verify the peer's certificate", "the handshake did not");
    return;
  }
  snprintf(f->verified, sizeof f->verified, "%s", verified);
  f->ok = 1;
}
