#include "config.h"
#include "tls/tickets.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/random.h>

enum { REFUSED = 0, OPENED = 1, OPENED_RENEW = 2 };

int tickets_rotate(struct tickets *t) {
  t->keys[1] = t->keys[0];
  return getrandom(&t->keys[0], sizeof t->keys[0], 0) == (ssize_t)sizeof t->keys[0];
}

static int set_mac(EVP_MAC_CTX *mac, struct ticket_key *k) {
  char digest[] = "SHA256";
  OSSL_PARAM parts[] = {
    OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, k->mac, sizeof k->mac),
    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parts);
}

static int seal(struct ticket_key *k, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *c, EVP_MAC_CTX *mac) {
  memcpy(name, k->name, sizeof k->name);
  return RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1 &&
         EVP_EncryptInit_ex(c, EVP_aes_256_cbc(), NULL, k->aes, iv) == 1 && set_mac(mac, k);
}

static int open_with(struct ticket_key *k, const unsigned char *iv, EVP_CIPHER_CTX *c, EVP_MAC_CTX *mac) {
  return set_mac(mac, k) && EVP_DecryptInit_ex(c, EVP_aes_256_cbc(), NULL, k->aes, iv) == 1;
}

static struct tickets *tickets_of(const SSL *ssl) { return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)); }

/* TLS 1.3 tickets are for one use, so that a new one is always made. */
static int use_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *c, EVP_MAC_CTX *mac, int sealing) {
  struct tickets *t = tickets_of(ssl);
  if (sealing) return seal(&t->keys[0], name, iv, c, mac) ? 1 : -1;
  for (int i = 0; i < 2; i++)
    if (memcmp(name, t->keys[i].name, sizeof t->keys[i].name) == 0) {
      if (!open_with(&t->keys[i], iv, c, mac)) return -1;
      return i == 1 || SSL_version(ssl) == TLS1_3_VERSION ? OPENED_RENEW : OPENED;
    }
  return REFUSED;
}

int tickets_use(SSL_CTX *context, struct tickets *t, unsigned lifetime_s) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_app_data(context, t);
  if (lifetime_s == 0) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    return SSL_CTX_set_num_tickets(context, 0);
  }
  SSL_CTX_set_timeout(context, (long)lifetime_s);
  return SSL_CTX_set_num_tickets(context, 1) && SSL_CTX_set_tlsext_ticket_key_evp_cb(context, use_key);
}
