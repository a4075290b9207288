#include "config.h"
#include "lib/phrase.h"
#include <stdint.h>
#include <string.h>

enum { ENCODED_WORD_MAX = 75 }; /* RFC 2047 2 */

static bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_atom_octet(char c) { return is_alnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c)); }

/* An encoded word would be decoded by those who read the name. */
static bool is_atoms(struct text t) {
  bool blank = true;
  for (size_t i = 0; i < t.len; i++) {
    if (t.s[i] == ' ' && blank) return false;
    blank = t.s[i] == ' ';
    if (!blank && !is_atom_octet(t.s[i])) return false;
    if (i && t.s[i - 1] == '=' && t.s[i] == '?') return false;
  }
  return !blank;
}

static int cat_escaped(stralloc *out, struct text t, const char *escape) {
  for (size_t i = 0; i < t.len; i++) {
    if (strchr(escape, t.s[i]) && !stralloc_cats(out, "\\")) return -1;
    if (!stralloc_append(out, t.s + i)) return -1;
  }
  return 0;
}

/* Octets of the UTF-8 character at t, 1 to 4; 0 when it is none (RFC 3629 4). */
static size_t character(struct text t) {
  unsigned char c = (unsigned char)t.s[0];
  size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
  if (n == 0 || n > t.len) return 0;
  for (size_t i = 1; i < n; i++)
    if (((unsigned char)t.s[i] & 0xc0) != 0x80) return 0;
  unsigned char second = n > 2 ? (unsigned char)t.s[1] : 0;
  if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f)) return 0;
  if ((c == 0xf0 && second < 0x90) || (c == 0xf4 && second > 0x8f)) return 0;
  return n;
}

static bool is_utf8(struct text t) {
  for (size_t n; t.len; t = (struct text){t.s + n, t.len - n})
    if ((n = character(t)) == 0) return false;
  return true;
}

/* RFC 2047 5 (3): what may stand as itself in a phrase and in a comment */
static size_t encode_octet(char c, char to[3]) {
  static const char digits[] = "0123456789ABCDEF";
  to[0] = c == ' ' ? '_' : c;
  if (c == ' ' || is_alnum(c) || (c && strchr("!*+-/", c))) return 1;
  to[0] = '=';
  to[1] = digits[(unsigned char)c >> 4];
  to[2] = digits[(unsigned char)c & 15];
  return 3;
}

static int cat_encoded(stralloc *out, struct text t) {
  bool utf8 = is_utf8(t);
  const char *charset = utf8 ? "=?utf-8?q?" : "=?unknown-8bit?q?";
  size_t room = 0, words = 0;
  for (size_t n; t.len; t = (struct text){t.s + n, t.len - n}) {
    char code[12]; /* a character stays in one word */
    size_t len = 0;
    n = utf8 ? character(t) : 1;
    for (size_t i = 0; i < n; i++) len += encode_octet(t.s[i], code + len);
    if (room < len) {
      if ((words++ && !stralloc_cats(out, "?=\n ")) || !stralloc_cats(out, charset)) return -1;
      room = ENCODED_WORD_MAX - 2 - strlen(charset);
    }
    if (!stralloc_catb(out, code, len)) return -1;
    room -= len;
  }
  return stralloc_cats(out, "?=") ? 0 : -1;
}

static int cat_ascii(stralloc *out, struct text clean, bool comment) {
  if (comment) return cat_escaped(out, clean, "()\\");
  if (is_atoms(clean)) return text_cat(out, clean);
  if (!stralloc_cats(out, "\"") || cat_escaped(out, clean, "\"\\") == -1) return -1;
  return stralloc_cats(out, "\"") ? 0 : -1;
}

static int cat_name(stralloc *out, struct text name, bool comment) {
  stralloc clean = {0};
  int r = text_cat_cleaned(&clean, name);
  struct text t = text_of_stralloc(&clean);
  if (r == 0) r = text_is_ascii(t) ? cat_ascii(out, t, comment) : cat_encoded(out, t);
  stralloc_free(&clean);
  return r;
}

int phrase_cat(stralloc *out, struct text name) { return cat_name(out, name, false); }

int phrase_cat_comment(stralloc *out, struct text name) {
  if (!stralloc_cats(out, "(") || cat_name(out, name, true) == -1) return -1;
  return stralloc_cats(out, ")") ? 0 : -1;
}

int phrase_cat_unstructured(stralloc *out, struct text words) {
  stralloc clean = {0};
  int r = text_cat_cleaned(&clean, words);
  struct text t = text_of_stralloc(&clean);
  if (r == 0) r = text_is_ascii(t) ? text_cat(out, t) : cat_encoded(out, t);
  stralloc_free(&clean);
  return r;
}
