/* the key methods that are used here are deprecated, and what OpenSSL 3 offers instead are providers */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "config.h"
#include "tls/remotekey.h"
#include <errno.h>
#include <limits.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/iowait.h"
#include "tls/signwire.h"

enum { SIGNER_LIMIT_MS = 30000 };

struct remote {
  uint32_t identity;
  const struct sign_channel *channel;
};

static ssize_t exchange(int fd, const struct sign_question *q, struct sign_answer *a) {
  struct iovec out = {(void *)(uintptr_t)q, sizeof *q}, in = {a, sizeof *a};
  struct msghdr question = {.msg_iov = &out, .msg_iovlen = 1}, answer = {.msg_iov = &in, .msg_iovlen = 1};
  if (sendmsg(fd, &question, MSG_NOSIGNAL) != (ssize_t)sizeof *q) return -1;
  if (io_wait(fd, POLLIN, SIGNER_LIMIT_MS) == -1) return -1;
  return recvmsg(fd, &answer, 0);
}

/* The octets stored in out, or -1. */
static int ask(const struct remote *r, uint32_t operation, const unsigned char *octets, int len, unsigned char *out,
               size_t room) {
  struct sign_question q = {.identity = r->identity, .operation = operation};
  struct sign_answer a = {0};
  if (len <= 0 || len > SIGN_OCTETS) return -1;
  q.len = (uint32_t)len;
  memcpy(q.octets, octets, (size_t)len);
  if (exchange(r->channel->fd, &q, &a) != (ssize_t)sizeof a) return -1;
  if (a.len == 0 || a.len > room || a.len > SIGN_OCTETS) return -1;
  memcpy(out, a.octets, a.len);
  return (int)a.len;
}

static void free_remote(void *parent, void *remote, CRYPTO_EX_DATA *data, int index, long number, void *unused) {
  (void)parent, (void)data, (void)index, (void)number, (void)unused;
  OPENSSL_free(remote);
}

static struct remote *new_remote(uint32_t identity, const struct sign_channel *channel) {
  struct remote *r = OPENSSL_malloc(sizeof *r);
  if (r) *r = (struct remote){identity, channel};
  return r;
}

/* ---- RSA */

static int rsa_index(void) {
  static int index = -1;
  if (index == -1) index = RSA_get_ex_new_index(0, NULL, NULL, NULL, free_remote);
  return index;
}

static int rsa_sign(int len, const unsigned char *from, unsigned char *to, RSA *rsa, int padding) {
  const struct remote *r = RSA_get_ex_data(rsa, rsa_index());
  uint32_t operation = padding == RSA_PKCS1_PADDING ? SIGN_RSA_PKCS1 : SIGN_RSA_RAW;
  if (padding != RSA_PKCS1_PADDING && padding != RSA_NO_PADDING) return -1;
  return ask(r, operation, from, len, to, (size_t)RSA_size(rsa));
}

/* RSA key exchange has no forward secrecy, and nobody offers it here. */
static int rsa_decrypt(int len, const unsigned char *from, unsigned char *to, RSA *rsa, int padding) {
  (void)len, (void)from, (void)to, (void)rsa, (void)padding;
  return -1;
}

static const RSA_METHOD *rsa_method(void) {
  static RSA_METHOD *method;
  if (method) return method;
  RSA_METHOD *m = RSA_meth_dup(RSA_get_default_method());
  if (m && RSA_meth_set1_name(m, "signer") && RSA_meth_set_priv_enc(m, rsa_sign) &&
      RSA_meth_set_priv_dec(m, rsa_decrypt) && RSA_meth_set_flags(m, 0))
    method = m;
  return method;
}

static int set_rsa(EVP_PKEY *to, const EVP_PKEY *from, struct remote *r) {
  const RSA *public_key = EVP_PKEY_get0_RSA(from);
  RSA *rsa = RSA_new();
  const BIGNUM *n, *e;
  if (!public_key || !rsa || !rsa_method()) return RSA_free(rsa), 0;
  RSA_get0_key(public_key, &n, &e, NULL);
  BIGNUM *own_n = BN_dup(n), *own_e = BN_dup(e);
  if (own_n && own_e && RSA_set0_key(rsa, own_n, own_e, NULL) && RSA_set_method(rsa, rsa_method()) &&
      RSA_set_ex_data(rsa, rsa_index(), r) && EVP_PKEY_assign_RSA(to, rsa))
    return 1;
  return RSA_free(rsa), 0;
}

/* ---- EC */

static int ec_index(void) {
  static int index = -1;
  if (index == -1) index = EC_KEY_get_ex_new_index(0, NULL, NULL, NULL, free_remote);
  return index;
}

static int ec_sign(int type, const unsigned char *digest, int len, unsigned char *to, unsigned *to_len,
                   const BIGNUM *inverse, const BIGNUM *r_value, EC_KEY *key) {
  const struct remote *r = EC_KEY_get_ex_data(key, ec_index());
  (void)type, (void)inverse, (void)r_value;
  int stored = ask(r, SIGN_EC, digest, len, to, (size_t)ECDSA_size(key));
  if (stored > 0) *to_len = (unsigned)stored;
  return stored > 0;
}

static const EC_KEY_METHOD *ec_method(void) {
  static EC_KEY_METHOD *method;
  if (method) return method;
  EC_KEY_METHOD *m = EC_KEY_METHOD_new(EC_KEY_get_default_method());
  if (m) EC_KEY_METHOD_set_sign(m, ec_sign, NULL, NULL);
  return method = m;
}

static int set_ec(EVP_PKEY *to, const EVP_PKEY *from, struct remote *r) {
  const EC_KEY *public_key = EVP_PKEY_get0_EC_KEY(from);
  EC_KEY *key = EC_KEY_new();
  if (public_key && key && ec_method() && EC_KEY_set_group(key, EC_KEY_get0_group(public_key)) &&
      EC_KEY_set_public_key(key, EC_KEY_get0_public_key(public_key)) && EC_KEY_set_method(key, ec_method()) &&
      EC_KEY_set_ex_data(key, ec_index(), r) && EVP_PKEY_assign_EC_KEY(to, key))
    return 1;
  return EC_KEY_free(key), 0;
}

EVP_PKEY *remotekey_make(const EVP_PKEY *public_key, uint32_t identity, const struct sign_channel *channel) {
  struct remote *r = new_remote(identity, channel);
  EVP_PKEY *key = EVP_PKEY_new();
  int type = EVP_PKEY_get_base_id(public_key);
  if (key && r && (type == EVP_PKEY_RSA ? set_rsa(key, public_key, r) : set_ec(key, public_key, r))) return key;
  EVP_PKEY_free(key);
  return NULL;
}
