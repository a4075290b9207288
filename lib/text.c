#include "config.h"
#include "lib/text.h"
#include <string.h>

struct text text_of(const char *cstring) {
  return cstring ? (struct text){cstring, strlen(cstring)} : TEXT_ABSENT;
}

struct text text_of_stralloc(const stralloc *sa) {
  return (struct text){sa->s ? sa->s : "", sa->len};
}

bool text_equal(struct text a, struct text b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

bool text_equals(struct text a, const char *cstring) { return text_equal(a, text_of(cstring)); }

static unsigned char lower(unsigned char c) {
  return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

int text_compare_nocase(struct text a, struct text b) {
  for (size_t i = 0; i < a.len && i < b.len; i++) {
    int r = lower((unsigned char)a.s[i]) - lower((unsigned char)b.s[i]);
    if (r) return r;
  }
  return (a.len > b.len) - (a.len < b.len);
}

bool text_equal_nocase(struct text a, struct text b) {
  return a.len == b.len && text_compare_nocase(a, b) == 0;
}

static bool is_control(char c) { return (unsigned char)c < 32 || c == 127; }

bool text_is_clean(struct text t) {
  for (size_t i = 0; i < t.len; i++)
    if (is_control(t.s[i])) return false;
  return true;
}

bool text_is_ascii(struct text t) {
  for (size_t i = 0; i < t.len; i++)
    if ((unsigned char)t.s[i] > 127) return false;
  return true;
}

int text_cat(stralloc *out, struct text t) {
  return stralloc_catb(out, t.s ? t.s : "", t.len) ? 0 : -1;
}

int text_copy(stralloc *out, struct text t) {
  stralloc_zero(out);
  return text_cat(out, t);
}

int text_cat_cleaned(stralloc *out, struct text t) {
  size_t start = out->len;
  if (text_cat(out, t) == -1) return -1;
  for (size_t i = start; i < out->len; i++)
    if (is_control(out->s[i])) out->s[i] = '?';
  return 0;
}

int text_cat_lower(stralloc *out, struct text t) {
  size_t start = out->len;
  if (text_cat(out, t) == -1) return -1;
  for (size_t i = start; i < out->len; i++) out->s[i] = (char)lower((unsigned char)out->s[i]);
  return 0;
}

int text_cat_uint(stralloc *out, uint64_t number) {
  char digits[FMT_ULONG];
  return stralloc_catb(out, digits, fmt_ulonglong(digits, number)) ? 0 : -1;
}

int text_cat_netstring(stralloc *out, struct text octets) {
  if (text_cat_uint(out, octets.len) == -1 || !stralloc_cats(out, ":")) return -1;
  return text_cat(out, octets) == 0 && stralloc_cats(out, ",") ? 0 : -1;
}

bool text_cut(struct text *rest, char end, struct text *part) {
  if (!rest->s) return false;
  const char *at = memchr(rest->s, end, rest->len);
  *part = (struct text){rest->s, at ? (size_t)(at - rest->s) : rest->len};
  *rest = at ? (struct text){at + 1, rest->len - part->len - 1} : TEXT_ABSENT;
  return true;
}

int text_uint(struct text t, uint64_t *value) {
  uint64_t v = 0;
  if (t.len == 0) return -1;
  for (size_t i = 0; i < t.len; i++) {
    if (t.s[i] < '0' || t.s[i] > '9') return -1;
    uint64_t digit = (uint64_t)(t.s[i] - '0');
    if (v > (UINT64_MAX - digit) / 10) return -1;
    v = v * 10 + digit;
  }
  *value = v;
  return 0;
}

void text_wipe(stralloc *secret) {
  if (secret->s) explicit_bzero(secret->s, secret->a);
  stralloc_free(secret);
}
