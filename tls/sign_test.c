#include "config.h"
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdarg.h>
#include <stdbool.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "tls/remotekey.h"
#include "tls/sign.h"

static EVP_PKEY *rsa, *small_rsa, *ec;

static int make_keys(void **state) {
  (void)state;
  rsa = EVP_RSA_gen(2048);
  small_rsa = EVP_RSA_gen(2049); /* another number of unused bits */
  ec = EVP_EC_gen("P-256");
  return rsa && small_rsa && ec ? 0 : -1;
}

static int free_keys(void **state) {
  (void)state;
  EVP_PKEY_free(rsa);
  EVP_PKEY_free(small_rsa);
  EVP_PKEY_free(ec);
  return 0;
}

static bool verifies(EVP_PKEY *key, int padding, const EVP_MD *md, const unsigned char *digest, size_t len,
                     const unsigned char *signature, size_t signature_len) {
  EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
  bool ok = c && EVP_PKEY_verify_init(c) == 1;
  if (ok && padding) ok = EVP_PKEY_CTX_set_rsa_padding(c, padding) == 1;
  if (ok && padding == RSA_PKCS1_PSS_PADDING) ok = EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_DIGEST) == 1;
  if (ok && md) ok = EVP_PKEY_CTX_set_signature_md(c, md) == 1;
  ok = ok && EVP_PKEY_verify(c, signature, signature_len, digest, len) == 1;
  EVP_PKEY_CTX_free(c);
  return ok;
}

/* What the signature of somebody else's was made of: an encoded block. */
static size_t encoded_block(EVP_PKEY *key, const EVP_MD *md, const char *salt, unsigned char *block) {
  unsigned char digest[64] = {7}, signature[SIGN_OCTETS];
  size_t len = sizeof signature, block_len = SIGN_OCTETS;
  EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
  assert_true(EVP_PKEY_sign_init(c) == 1 && EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) == 1);
  assert_true(EVP_PKEY_CTX_set_signature_md(c, md) == 1 && EVP_PKEY_CTX_ctrl_str(c, "rsa_pss_saltlen", salt) == 1);
  assert_int_equal(EVP_PKEY_sign(c, signature, &len, digest, (size_t)EVP_MD_get_size(md)), 1);
  EVP_PKEY_CTX_free(c);
  c = EVP_PKEY_CTX_new(key, NULL);
  assert_true(EVP_PKEY_verify_recover_init(c) == 1 && EVP_PKEY_CTX_set_rsa_padding(c, RSA_NO_PADDING) == 1);
  assert_int_equal(EVP_PKEY_verify_recover(c, block, &block_len, signature, len), 1);
  EVP_PKEY_CTX_free(c);
  return block_len;
}

static void encodings_of_pss_are_known(void **state) {
  (void)state;
  const struct {
    EVP_PKEY *key;
    const EVP_MD *md;
    const char *salt;
    int is;
  } cases[] = {
    {rsa, EVP_sha256(), "digest", 1}, {rsa, EVP_sha384(), "digest", 1}, {rsa, EVP_sha512(), "digest", 1},
    {rsa, EVP_sha256(), "20", 0},     {rsa, EVP_sha1(), "digest", 0},   {rsa, EVP_sha256(), "max", 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    unsigned char block[SIGN_OCTETS];
    size_t len = encoded_block(cases[i].key, cases[i].md, cases[i].salt, block);
    int bits = EVP_PKEY_get_bits(cases[i].key);
    if (sign_is_pss(block, len, bits) != cases[i].is) fail_msg("case %zu", i);
    block[10] ^= 1;
    assert_false(sign_is_pss(block, len, bits));
  }
}

/* What was encrypted to the key is no question that is answered. */
static void ciphertext_is_refused(void **state) {
  (void)state;
  struct sign_question q = {.operation = SIGN_RSA_RAW};
  struct sign_answer a;
  size_t len = sizeof q.octets;
  EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(rsa, NULL);
  assert_true(EVP_PKEY_encrypt_init(c) == 1);
  assert_int_equal(EVP_PKEY_encrypt(c, q.octets, &len, (const unsigned char *)"premaster", 9), 1);
  EVP_PKEY_CTX_free(c);
  q.len = (uint32_t)len;
  sign_answer(rsa, &q, &a);
  assert_int_equal(a.len, 0);
  q.octets[len - 1] = 0xbc;
  sign_answer(rsa, &q, &a);
  assert_int_equal(a.len, 0);
}

static void nonsense_is_refused(void **state) {
  (void)state;
  const struct {
    EVP_PKEY *key;
    uint32_t operation, len;
  } cases[] = {
    {rsa, 0, 32},
    {rsa, 4, 32},
    {rsa, SIGN_EC, 32},
    {ec, SIGN_RSA_PKCS1, 51},
    {ec, SIGN_RSA_RAW, 256},
    {ec, SIGN_EC, 65},
    {ec, SIGN_EC, 0},
    {rsa, SIGN_RSA_PKCS1, 51},
    {rsa, SIGN_RSA_RAW, 255},
    {rsa, SIGN_RSA_RAW, SIGN_OCTETS},
    {rsa, SIGN_RSA_RAW, SIGN_OCTETS + 1},
    {rsa, SIGN_RSA_RAW, UINT32_MAX},
    {small_rsa, SIGN_RSA_RAW, 257},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct sign_question q = {.operation = cases[i].operation, .len = cases[i].len};
    struct sign_answer a = {.len = 1};
    sign_answer(cases[i].key, &q, &a);
    if (a.len) fail_msg("case %zu", i);
  }
}

/* ---- a key that asks, as handshakes use it */

/* Answers questions in a process of its own until the socket ends. */
static pid_t start_signer(int pair[2], EVP_PKEY *key) {
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
  pid_t pid = fork();
  if (pid) return close(pair[1]), pid;
  struct sign_question q;
  struct sign_answer a = {0};
  close(pair[0]);
  while (read(pair[1], &q, sizeof q) == (ssize_t)sizeof q) {
    sign_answer(key, &q, &a);
    if (write(pair[1], &a, sizeof a) != (ssize_t)sizeof a) break;
  }
  _exit(0);
}

static bool signs_with(EVP_PKEY *key, int padding) {
  int pair[2];
  unsigned char digest[32] = {1, 2, 3}, signature[SIGN_OCTETS];
  size_t len = sizeof signature;
  pid_t pid = start_signer(pair, key);
  struct sign_channel channel = {pair[0]};
  EVP_PKEY *asking = remotekey_make(key, 0, &channel);
  assert_non_null(asking);
  EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(asking, NULL);
  assert_int_equal(EVP_PKEY_sign_init(c), 1);
  if (padding) assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(c, padding), 1);
  assert_int_equal(EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()), 1);
  if (padding == RSA_PKCS1_PSS_PADDING) assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_DIGEST), 1);
  bool done = EVP_PKEY_sign(c, signature, &len, digest, sizeof digest) == 1 &&
              verifies(key, padding, EVP_sha256(), digest, sizeof digest, signature, len);
  EVP_PKEY_CTX_free(c);
  EVP_PKEY_free(asking);
  close(pair[0]);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
  return done;
}

static void a_key_that_asks_signs(void **state) {
  (void)state;
  assert_true(signs_with(rsa, RSA_PKCS1_PADDING));
  assert_true(signs_with(rsa, RSA_PKCS1_PSS_PADDING));
  assert_true(signs_with(ec, 0));
}

static void without_a_signer_nothing_is_signed(void **state) {
  (void)state;
  int pair[2];
  unsigned char signature[SIGN_OCTETS], digest[32] = {1};
  size_t len = sizeof signature;
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
  close(pair[1]);
  struct sign_channel channel = {pair[0]};
  EVP_PKEY *asking = remotekey_make(ec, 0, &channel);
  EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(asking, NULL);
  assert_int_equal(EVP_PKEY_sign_init(c), 1);
  assert_int_not_equal(EVP_PKEY_sign(c, signature, &len, digest, sizeof digest), 1);
  EVP_PKEY_CTX_free(c);
  EVP_PKEY_free(asking);
  close(pair[0]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(encodings_of_pss_are_known), cmocka_unit_test(ciphertext_is_refused),
    cmocka_unit_test(nonsense_is_refused),        cmocka_unit_test(a_key_that_asks_signs),
    cmocka_unit_test(without_a_signer_nothing_is_signed),
  };
  return cmocka_run_group_tests(tests, make_keys, free_keys);
}
