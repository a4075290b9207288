#include "config.h"
#include "lib/unitext.h"
#include <stdio.h>
#include <string.h>
#include "lib/utf8.h"

/* QCHAR of RFC 6533 */
static bool stands_for_itself(uint32_t c) {
  return c > 0x20 && c < 0x7F && c != '+' && c != '=' && c != '\\';
}

static int put(stralloc *out, uint32_t c) {
  char code[16];
  int len = snprintf(code, sizeof code, stands_for_itself(c) ? "%c" : "\\x{%02X}", (int)c);
  return len > 0 && stralloc_catb(out, code, (size_t)len) ? 0 : -1;
}

int unitext_encode(stralloc *out, struct text address) {
  size_t start = out->len;
  while (address.len) {
    uint32_t c;
    if (!utf8_take(&address, &c) || put(out, c) == -1) {
      out->len = start;
      return -1;
    }
  }
  return 0;
}

enum { DIGITS_MIN = 2, DIGITS_MAX = 6 }; /* HEXPOINT */

/* {1F989}, of which *form gets the rest. */
static bool take_code(struct text *form, uint32_t *c) {
  static const char digits[] = "0123456789ABCDEF";
  struct text number;
  if (form->len < 2 || form->s[0] != 'x' || form->s[1] != '{') return false;
  *form = (struct text){form->s + 2, form->len - 2};
  if (!text_cut(form, '}', &number) || !form->s) return false;
  if (number.len < DIGITS_MIN || number.len > DIGITS_MAX) return false;
  *c = 0;
  for (size_t i = 0; i < number.len; i++) {
    const char *at = number.s[i] ? strchr(digits, number.s[i]) : NULL;
    if (!at) return false;
    *c = *c * 16 + (uint32_t)(at - digits);
  }
  return *c <= 0x10FFFF;
}

int unitext_decode(stralloc *out, struct text form) {
  while (form.len) {
    uint32_t c = 0;
    char first = form.s[0];
    form = (struct text){form.s + 1, form.len - 1};
    if (first != '\\') {
      if (!stralloc_append(out, &first)) return -1;
    } else if (!take_code(&form, &c) || utf8_cat(out, c) == -1)
      return -1;
  }
  return 0;
}
