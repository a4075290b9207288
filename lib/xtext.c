#include "config.h"
#include "lib/xtext.h"
#include <string.h>

static const char digits[] = "0123456789ABCDEF";

static bool is_xchar(char c) { return c > 32 && c < 127 && c != '+' && c != '='; }

/* Upper case only, as the grammar says.  -1: no digit. */
static int digit(char c) {
  const char *at = c ? strchr(digits, c) : NULL;
  return at ? (int)(at - digits) : -1;
}

int xtext_decode(stralloc *out, struct text xtext) {
  for (size_t i = 0; i < xtext.len; i++) {
    char c = xtext.s[i];
    if (c == '+') {
      if (xtext.len - i < 3 || digit(xtext.s[i + 1]) < 0 || digit(xtext.s[i + 2]) < 0) return -1;
      c = (char)(digit(xtext.s[i + 1]) * 16 + digit(xtext.s[i + 2]));
      i += 2;
    } else if (!is_xchar(c))
      return -1;
    if (!stralloc_append(out, &c)) return -1;
  }
  return 0;
}

int xtext_encode(stralloc *out, struct text octets) {
  for (size_t i = 0; i < octets.len; i++) {
    unsigned char c = (unsigned char)octets.s[i];
    char code[3] = {'+', digits[c >> 4], digits[c & 15]};
    bool plain = is_xchar(octets.s[i]);
    if (!stralloc_catb(out, plain ? octets.s + i : code, plain ? 1 : 3)) return -1;
  }
  return 0;
}
