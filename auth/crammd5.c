#include "config.h"
#include "auth/crammd5.h"
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <string.h>

enum { WORDS = 4 };

static void put_words(uint8_t *to, const uint32_t words[WORDS]) {
  for (size_t i = 0; i < WORDS * 4; i++) to[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
}

static void get_words(uint32_t words[WORDS], const uint8_t *from) {
  for (size_t i = 0; i < WORDS; i++)
    words[i] = (uint32_t)from[4 * i] | (uint32_t)from[4 * i + 1] << 8 | (uint32_t)from[4 * i + 2] << 16 |
               (uint32_t)from[4 * i + 3] << 24;
}

void crammd5_context(uint8_t context[CRAMMD5_CONTEXT_OCTETS], struct text password) {
  struct hmac_md5_ctx h;
  hmac_md5_set_key(&h, password.len, (const uint8_t *)(password.s ? password.s : ""));
  put_words(context, h.outer.state);
  put_words(context + 16, h.inner.state);
  explicit_bzero(&h, sizeof h);
}

static bool is_shown(const uint8_t digest[MD5_DIGEST_SIZE], struct text response) {
  static const char digits[] = "0123456789abcdef";
  char expected[CRAMMD5_RESPONSE_DIGITS];
  for (size_t i = 0; i < MD5_DIGEST_SIZE; i++) {
    expected[2 * i] = digits[digest[i] >> 4];
    expected[2 * i + 1] = digits[digest[i] & 15];
  }
  return response.len == sizeof expected && memeql_sec(expected, response.s, sizeof expected);
}

bool crammd5_check(const uint8_t context[CRAMMD5_CONTEXT_OCTETS], struct text challenge, struct text response) {
  struct hmac_md5_ctx h;
  uint8_t digest[MD5_DIGEST_SIZE];
  hmac_md5_set_key(&h, 0, (const uint8_t *)""); /* each of the three has taken one block */
  get_words(h.outer.state, context);
  get_words(h.inner.state, context + 16);
  get_words(h.state.state, context + 16);
  hmac_md5_update(&h, challenge.len, (const uint8_t *)challenge.s);
  hmac_md5_digest(&h, sizeof digest, digest);
  explicit_bzero(&h, sizeof h);
  return is_shown(digest, response);
}

bool apop_check(struct text password, struct text challenge, struct text response) {
  struct md5_ctx m;
  uint8_t digest[MD5_DIGEST_SIZE];
  md5_init(&m);
  md5_update(&m, challenge.len, (const uint8_t *)challenge.s);
  md5_update(&m, password.len, (const uint8_t *)password.s);
  md5_digest(&m, sizeof digest, digest);
  return is_shown(digest, response);
}
