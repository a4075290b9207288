#include "config.h"
#include "queue/owlq/utf8.h"

struct form {
  size_t octets;
  unsigned char mask, mark; /* of the first octet */
  uint32_t least;
};

static const struct form forms[] = {
  {1, 0x80, 0x00, 0}, {2, 0xe0, 0xc0, 0x80}, {3, 0xf0, 0xe0, 0x800}, {4, 0xf8, 0xf0, 0x10000}};

static size_t decode(struct text t, const struct form *f, uint32_t *character) {
  uint32_t c = (unsigned char)t.s[0] & (unsigned char)~f->mask;
  if (t.len < f->octets) return 0;
  for (size_t i = 1; i < f->octets; i++) {
    unsigned char octet = (unsigned char)t.s[i];
    if ((octet & 0xc0) != 0x80) return 0;
    c = c << 6 | (octet & 0x3f);
  }
  if (c < f->least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return 0;
  *character = c;
  return f->octets;
}

size_t utf8_first(struct text t, uint32_t *character) {
  for (size_t i = 0; t.len && i < sizeof forms / sizeof forms[0]; i++)
    if (((unsigned char)t.s[0] & forms[i].mask) == forms[i].mark) return decode(t, &forms[i], character);
  return 0;
}

bool utf8_is_safe(uint32_t c) {
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return false;
  if (c == 0x2028 || c == 0x2029) return false;
  return !(c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069));
}

size_t utf8_columns(uint32_t c) {
  static const struct {
    uint32_t first, last;
  } wide[] = {{0x1100, 0x115f}, {0x2e80, 0xa4cf},   {0xac00, 0xd7a3},  {0xf900, 0xfaff},
              {0xfe30, 0xfe6f}, {0xff00, 0xff60},   {0xffe0, 0xffe6},  {0x1f300, 0x1faff},
              {0x20000, 0x3fffd}};
  if (c >= 0x300 && c <= 0x36f) return 0;
  for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
    if (c >= wide[i].first && c <= wide[i].last) return 2;
  return 1;
}
