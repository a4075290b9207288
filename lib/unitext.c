#include "config.h"
#include "lib/unitext.h"
#include <stdint.h>
#include <stdio.h>

/* How many octets continue the character that begins with first; -1: none begins so. */
static int continuations(unsigned char first) {
  if (first < 0x80) return 0;
  if (first >= 0xC2 && first < 0xE0) return 1;
  if (first >= 0xE0 && first < 0xF0) return 2;
  return first >= 0xF0 && first < 0xF5 ? 3 : -1;
}

/* RFC 3629 4: no longer form than needed, no surrogate, nothing past 10FFFF. */
static bool is_scalar(uint32_t value, int continued) {
  static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  return value >= least[continued] && (value < 0xD800 || value > 0xDFFF) && value <= 0x10FFFF;
}

static bool take_character(struct text *t, uint32_t *value) {
  static const unsigned char lead_bits[] = {0x7F, 0x1F, 0x0F, 0x07};
  int more = continuations((unsigned char)t->s[0]);
  if (more < 0 || t->len < (size_t)more + 1) return false;
  *value = (unsigned char)t->s[0] & lead_bits[more];
  for (int i = 1; i <= more; i++) {
    if (((unsigned char)t->s[i] & 0xC0) != 0x80) return false;
    *value = *value << 6 | ((unsigned char)t->s[i] & 0x3F);
  }
  t->s += more + 1;
  t->len -= (size_t)more + 1;
  return is_scalar(*value, more);
}

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
    if (!take_character(&address, &c) || put(out, c) == -1) {
      out->len = start;
      return -1;
    }
  }
  return 0;
}
