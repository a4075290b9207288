#include "config.h"
#include "lib/base64.h"
#include <nettle/base64.h>

int base64_cat(stralloc *out, struct text octets) {
  size_t len = BASE64_ENCODE_RAW_LENGTH(octets.len);
  if (!stralloc_readyplus(out, len)) return -1;
  base64_encode_raw(out->s + out->len, octets.len, (const uint8_t *)octets.s);
  out->len += len;
  return 0;
}

static bool is_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' || c == '/';
}

/* nettle passes blanks over. */
static bool is_formed(struct text t) {
  size_t digits = t.len;
  while (digits && t.len - digits < 2 && t.s[digits - 1] == '=') digits--;
  for (size_t i = 0; i < digits; i++)
    if (!is_digit(t.s[i])) return false;
  return t.len % 4 == 0;
}

int base64_decode(stralloc *out, struct text base64) {
  struct base64_decode_ctx decode;
  size_t len = BASE64_DECODE_LENGTH(base64.len);
  if (!is_formed(base64) || !stralloc_readyplus(out, len)) return -1;
  base64_decode_init(&decode);
  if (!base64_decode_update(&decode, &len, (uint8_t *)out->s + out->len, base64.len, base64.s)) return -1;
  out->len += len;
  return base64_decode_final(&decode) ? 0 : -1;
}
