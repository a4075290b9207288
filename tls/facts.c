#include "config.h"
#include "tls/facts.h"
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static void put_hex(char *to, size_t size, const unsigned char *octets, size_t len) {
  static const char digits[] = "0123456789abcdef";
  size_t stored = 0;
  for (size_t i = 0; i < len && stored + 2 < size; i++) {
    to[stored++] = digits[octets[i] >> 4];
    to[stored++] = digits[octets[i] & 15];
  }
  to[stored] = 0;
}

static void put_printable(char *to, size_t size, const unsigned char *s, size_t len) {
  size_t i;
  for (i = 0; i < len && i + 1 < size; i++) to[i] = s[i] >= ' ' && s[i] <= '~' ? (char)s[i] : '?';
  to[i] = 0;
}

static void put_string(char *to, size_t size, const char *s) {
  if (s) put_printable(to, size, (const unsigned char *)s, strlen(s));
}

bool facts_fingerprint(const X509 *certificate, char hex[FACTS_SHA256_HEX]) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned len;
  *hex = 0;
  if (!X509_digest(certificate, EVP_sha256(), digest, &len)) return false;
  put_hex(hex, FACTS_SHA256_HEX, digest, len);
  return true;
}

bool facts_key_fingerprint(const X509 *certificate, char hex[FACTS_SHA256_HEX]) {
  unsigned char *key = NULL, digest[EVP_MAX_MD_SIZE];
  unsigned len;
  *hex = 0;
  int key_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
  if (key_len <= 0) return false;
  int done = EVP_Digest(key, (size_t)key_len, digest, &len, EVP_sha256(), NULL);
  OPENSSL_free(key);
  if (done) put_hex(hex, FACTS_SHA256_HEX, digest, len);
  return done;
}

/* The subject's last CN, or "". */
static void common_name(const X509 *certificate, char *to, size_t size) {
  X509_NAME *subject = X509_get_subject_name(certificate);
  int at = -1, last = -1;
  while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0) last = at;
  *to = 0;
  if (last < 0) return;
  unsigned char *utf8 = NULL;
  int len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
  if (len > 0) put_printable(to, size, utf8, (size_t)len);
  OPENSSL_free(utf8);
}

/* Of type DNS or mail address. */
static void first_alternative_name(const X509 *certificate, char *to, size_t size) {
  GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && !*to; i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_DNS && name->type != GEN_EMAIL) continue;
    put_printable(to, size, ASN1_STRING_get0_data(name->d.ia5), (size_t)ASN1_STRING_length(name->d.ia5));
  }
  GENERAL_NAMES_free(names);
}

/* ---- channel bindings */

/* RFC 9266 2: TLS 1.2 binds nothing without the extended master secret (RFC 7627). */
static void put_exporter(SSL *ssl, char *to, size_t size) {
  static const char label[] = "EXPORTER-Channel-Binding";
  unsigned char secret[32];
  if (SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1) return;
  if (SSL_export_keying_material(ssl, secret, sizeof secret, label, sizeof label - 1,
                                 (const unsigned char *)"", 0, 1) == 1)
    put_hex(to, size, secret, sizeof secret);
}

/* RFC 5929 4.1: the hash of the signature; SHA-256 for MD5 and SHA-1; where the
 * signature has none or several, the binding is not defined. */
static void put_endpoint(const X509 *server, char *to, size_t size) {
  int hash = NID_undef;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned len;
  if (!server || !X509_get_signature_info((X509 *)server, &hash, NULL, NULL, NULL)) return;
  if (hash == NID_md5 || hash == NID_sha1) hash = NID_sha256;
  const EVP_MD *md = hash == NID_undef ? NULL : EVP_get_digestbynid(hash);
  if (md && X509_digest(server, md, digest, &len)) put_hex(to, size, digest, len);
}

/* ---- the whole */

static void put_peer(const X509 *peer, struct tls_facts *f) {
  if (!peer) return;
  facts_fingerprint(peer, f->fingerprint);
  facts_key_fingerprint(peer, f->key_fingerprint);
  common_name(peer, f->peer, sizeof f->peer);
  if (!*f->peer) first_alternative_name(peer, f->peer, sizeof f->peer);
}

void facts_fill(SSL *ssl, struct tls_facts *f) {
  const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
  const X509 *peer = SSL_get0_peer_certificate(ssl);
  put_string(f->version, sizeof f->version, SSL_get_version(ssl));
  if (cipher) {
    put_string(f->cipher, sizeof f->cipher, SSL_CIPHER_standard_name(cipher));
    f->bits = (unsigned)SSL_CIPHER_get_bits(cipher, NULL);
  }
  f->resumed = SSL_session_reused(ssl) ? 1 : 0;
  if (SSL_is_server(ssl)) put_string(f->sni, sizeof f->sni, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
  put_peer(peer, f);
  put_exporter(ssl, f->exporter, sizeof f->exporter);
  put_endpoint(SSL_is_server(ssl) ? SSL_get_certificate(ssl) : peer, f->endpoint, sizeof f->endpoint);
}
