#include "config.h"
#include "auth/prepare.h"
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>
#include <unistr.h>

/* RFC 3454 C.1.2 */
static bool is_other_space(ucs4_t c) {
  return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200b) || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* RFC 3454 B.1 */
static bool is_nothing(ucs4_t c) {
  return c == 0xad || c == 0x34f || c == 0x1806 || (c >= 0x180b && c <= 0x180d) || (c >= 0x200b && c <= 0x200d) ||
         c == 0x2060 || (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff;
}

static int map(stralloc *out, const uint8_t *from, size_t len) {
  ucs4_t c;
  for (size_t at = 0; at < len;) {
    int n = u8_mbtouc(&c, from + at, len - at);
    bool kept = true;
    if (is_other_space(c) && c != 0x200b) kept = stralloc_append(out, " ");
    else if (!is_nothing(c)) kept = stralloc_catb(out, (const char *)from + at, (size_t)n);
    if (!kept) return -1;
    at += (size_t)n;
  }
  return 0;
}

static int normalize(stralloc *out, const stralloc *mapped) {
  size_t len;
  uint8_t *normal = u8_normalize(UNINORM_NFKC, (const uint8_t *)(mapped->s ? mapped->s : ""), mapped->len, NULL, &len);
  if (!normal) return -1;
  int r = text_cat(out, (struct text){(const char *)normal, len});
  explicit_bzero(normal, len);
  free(normal);
  return r;
}

int prepare_password(stralloc *out, struct text password) {
  stralloc mapped = {0};
  if (text_is_ascii(password) || u8_check((const uint8_t *)password.s, password.len)) return text_cat(out, password);
  /* at once: a buffer that grows leaves secrets behind */
  int r = stralloc_ready(&mapped, password.len) ? map(&mapped, (const uint8_t *)password.s, password.len) : -1;
  if (r == 0) r = normalize(out, &mapped);
  if (mapped.s) explicit_bzero(mapped.s, mapped.a);
  stralloc_free(&mapped);
  return r;
}
