#include "config.h"
#include "tls/sign.h"
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

/* ---- RFC 8017 9.1.2 and B.2.1 */

static int mask(unsigned char *out, size_t len, const unsigned char *seed, size_t seed_len, const EVP_MD *md) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  size_t size = (size_t)EVP_MD_get_size(md);
  EVP_MD_CTX *c = EVP_MD_CTX_new();
  int ok = c != NULL;
  for (uint32_t n = 0; ok && n * size < len; n++) {
    const unsigned char counter[4] = {0, 0, (unsigned char)(n >> 8), (unsigned char)n};
    ok = EVP_DigestInit_ex(c, md, NULL) && EVP_DigestUpdate(c, seed, seed_len) &&
         EVP_DigestUpdate(c, counter, sizeof counter) && EVP_DigestFinal_ex(c, digest, NULL);
    size_t rest = len - n * size;
    if (ok) memcpy(out + n * size, digest, rest < size ? rest : size);
  }
  EVP_MD_CTX_free(c);
  return ok;
}

static int is_pss_with(const EVP_MD *md, const unsigned char *octets, size_t len, int bits) {
  unsigned char block[SIGN_OCTETS];
  size_t hash = (size_t)EVP_MD_get_size(md);
  if (len < 2 * hash + 2 || len > sizeof block) return 0;
  size_t db = len - hash - 1, zeros = db - hash - 1;
  int unused = 8 * (int)len - (bits - 1);
  if (!mask(block, db, octets + db, hash, md)) return 0;
  for (size_t i = 0; i < db; i++) block[i] ^= octets[i];
  if (octets[0] >> (8 - unused)) return 0;
  block[0] &= (unsigned char)(0xff >> unused);
  for (size_t i = 0; i < zeros; i++)
    if (block[i]) return 0;
  return block[zeros] == 1;
}

int sign_is_pss(const unsigned char *octets, size_t len, int bits) {
  if (len == 0 || len != (size_t)(bits + 7) / 8 || bits % 8 == 1 || octets[len - 1] != 0xbc) return 0;
  return is_pss_with(EVP_sha256(), octets, len, bits) || is_pss_with(EVP_sha384(), octets, len, bits) ||
         is_pss_with(EVP_sha512(), octets, len, bits);
}

/* ---- the operations */

static size_t sign(EVP_PKEY *key, int padding, const struct sign_question *q, unsigned char *out) {
  size_t len = SIGN_OCTETS;
  EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
  int ok = c && EVP_PKEY_sign_init(c) == 1;
  if (ok && padding) ok = EVP_PKEY_CTX_set_rsa_padding(c, padding) == 1;
  ok = ok && EVP_PKEY_sign(c, out, &len, q->octets, q->len) == 1;
  EVP_PKEY_CTX_free(c);
  ERR_clear_error();
  return ok ? len : 0;
}

/* DigestInfo is a SEQUENCE of its own length (RFC 8017 9.2); TLS 1.2 has no other. */
static int is_digest_info(const struct sign_question *q) {
  return q->len >= 19 && q->len <= 19 + EVP_MAX_MD_SIZE && q->octets[0] == 0x30 && q->octets[1] == q->len - 2;
}

void sign_answer(EVP_PKEY *key, const struct sign_question *q, struct sign_answer *a) {
  int type = EVP_PKEY_get_base_id(key);
  a->len = 0;
  if (q->len == 0 || q->len > SIGN_OCTETS || EVP_PKEY_get_size(key) > SIGN_OCTETS) return;
  switch ((enum sign_operation)q->operation) {
    case SIGN_RSA_PKCS1:
      if (type == EVP_PKEY_RSA && is_digest_info(q)) a->len = (uint32_t)sign(key, RSA_PKCS1_PADDING, q, a->octets);
      break;
    case SIGN_RSA_RAW:
      if (type == EVP_PKEY_RSA && sign_is_pss(q->octets, q->len, EVP_PKEY_get_bits(key)))
        a->len = (uint32_t)sign(key, RSA_NO_PADDING, q, a->octets);
      break;
    case SIGN_EC:
      if (type == EVP_PKEY_EC && q->len <= EVP_MAX_MD_SIZE) a->len = (uint32_t)sign(key, 0, q, a->octets);
      break;
  }
}
