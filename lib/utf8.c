#include "config.h"
#include "lib/utf8.h"

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

bool utf8_take(struct text *t, uint32_t *character) {
  static const unsigned char lead_bits[] = {0x7F, 0x1F, 0x0F, 0x07};
  int more = continuations((unsigned char)t->s[0]);
  if (more < 0 || t->len < (size_t)more + 1) return false;
  uint32_t value = (unsigned char)t->s[0] & lead_bits[more];
  for (int i = 1; i <= more; i++) {
    if (((unsigned char)t->s[i] & 0xC0) != 0x80) return false;
    value = value << 6 | ((unsigned char)t->s[i] & 0x3F);
  }
  t->s += more + 1;
  t->len -= (size_t)more + 1;
  *character = value;
  return is_scalar(value, more);
}

bool utf8_is_valid(struct text t) {
  uint32_t character;
  while (t.len)
    if (!utf8_take(&t, &character)) return false;
  return true;
}

int utf8_cat(stralloc *out, uint32_t character) {
  static const unsigned char lead[] = {0, 0xC0, 0xE0, 0xF0};
  int more = (character > 0x7F) + (character > 0x7FF) + (character > 0xFFFF);
  for (int i = more; i >= 0; i--) {
    uint32_t bits = character >> (6 * i);
    char c = (char)(i == more ? lead[more] | bits : 0x80 | (bits & 0x3F));
    if (!stralloc_append(out, &c)) return -1;
  }
  return 0;
}
