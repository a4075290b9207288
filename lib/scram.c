#include "config.h"
#include "lib/scram.h"
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/pbkdf2.h>
#include <nettle/sha2.h>
#include <string.h>

static const uint8_t *octets(struct text t) { return (const uint8_t *)(t.s ? t.s : ""); }

static void hmac(uint8_t out[SCRAM_OCTETS], const uint8_t *key, size_t key_len, struct text message) {
  struct hmac_sha256_ctx h;
  hmac_sha256_set_key(&h, key_len, key);
  hmac_sha256_update(&h, message.len, octets(message));
  hmac_sha256_digest(&h, SCRAM_OCTETS, out);
  explicit_bzero(&h, sizeof h);
}

static void hash(uint8_t out[SCRAM_OCTETS], const uint8_t in[SCRAM_OCTETS]) {
  struct sha256_ctx h;
  sha256_init(&h);
  sha256_update(&h, SCRAM_OCTETS, in);
  sha256_digest(&h, SCRAM_OCTETS, out);
}

/* Also the ClientKey, which only the client has. */
static void derive(struct scram_keys *k, uint8_t client[SCRAM_OCTETS], struct text password, struct text salt,
                   uint32_t iterations) {
  uint8_t salted[SCRAM_OCTETS];
  pbkdf2_hmac_sha256(password.len, octets(password), iterations, salt.len, octets(salt), SCRAM_OCTETS, salted);
  hmac(client, salted, SCRAM_OCTETS, text_of("Client Key"));
  hash(k->stored, client);
  hmac(k->server, salted, SCRAM_OCTETS, text_of("Server Key"));
  explicit_bzero(salted, sizeof salted);
}

void scram_derive(struct scram_keys *k, struct text password, struct text salt, uint32_t iterations) {
  uint8_t client[SCRAM_OCTETS];
  derive(k, client, password, salt, iterations);
  explicit_bzero(client, sizeof client);
}

void scram_prove(struct text password, struct text salt, uint32_t iterations, struct text auth_message,
                 uint8_t proof[SCRAM_OCTETS], uint8_t signature[SCRAM_OCTETS]) {
  struct scram_keys keys;
  uint8_t client[SCRAM_OCTETS];
  derive(&keys, client, password, salt, iterations);
  hmac(proof, keys.stored, SCRAM_OCTETS, auth_message); /* ClientSignature */
  for (size_t i = 0; i < SCRAM_OCTETS; i++) proof[i] ^= client[i];
  hmac(signature, keys.server, SCRAM_OCTETS, auth_message);
  explicit_bzero(&keys, sizeof keys);
  explicit_bzero(client, sizeof client);
}

bool scram_same_password(const struct scram_keys *kept, const struct scram_keys *derived) {
  return memeql_sec(kept->stored, derived->stored, SCRAM_OCTETS);
}

bool scram_check(const struct scram_keys *k, struct text auth_message, const uint8_t proof[SCRAM_OCTETS],
                 uint8_t signature[SCRAM_OCTETS]) {
  uint8_t client[SCRAM_OCTETS], stored[SCRAM_OCTETS];
  hmac(client, k->stored, SCRAM_OCTETS, auth_message); /* ClientSignature */
  for (size_t i = 0; i < SCRAM_OCTETS; i++) client[i] ^= proof[i]; /* ClientKey, if the proof is right */
  hash(stored, client);
  hmac(signature, k->server, SCRAM_OCTETS, auth_message);
  explicit_bzero(client, sizeof client);
  return memeql_sec(stored, k->stored, SCRAM_OCTETS);
}

void scram_fake_salt(uint8_t salt[SCRAM_SALT_OCTETS], struct text secret, struct text user) {
  uint8_t whole[SCRAM_OCTETS];
  hmac(whole, octets(secret), secret.len, user);
  memcpy(salt, whole, SCRAM_SALT_OCTETS);
}
