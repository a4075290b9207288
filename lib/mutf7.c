#include "config.h"
#include "lib/mutf7.h"
#include "lib/utf8.h"

/* Bits that wait until there are six of them. */
struct shifted {
  uint32_t bits;
  unsigned count;
  bool open; /* behind an '&' */
};

static int put_octet(stralloc *out, char c) { return stralloc_append(out, &c) ? 0 : -1; }

static int put_digit(stralloc *out, uint32_t digit) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
  return put_octet(out, digits[digit & 63]);
}

static int put_unit(stralloc *out, struct shifted *s, uint32_t unit) {
  s->bits = s->bits << 16 | unit;
  s->count += 16;
  while (s->count >= 6) {
    s->count -= 6;
    if (put_digit(out, s->bits >> s->count) == -1) return -1;
  }
  return 0;
}

static int put_shifted(stralloc *out, struct shifted *s, uint32_t c) {
  if (!s->open && put_octet(out, '&') == -1) return -1;
  s->open = true;
  if (c < 0x10000) return put_unit(out, s, c);
  c -= 0x10000;
  return put_unit(out, s, 0xD800 | c >> 10) == 0 ? put_unit(out, s, 0xDC00 | (c & 0x3FF)) : -1;
}

static int shift_back(stralloc *out, struct shifted *s) {
  if (!s->open) return 0;
  if (s->count && put_digit(out, s->bits << (6 - s->count)) == -1) return -1;
  *s = (struct shifted){0};
  return put_octet(out, '-');
}

static int put_plain(stralloc *out, struct shifted *s, char c) {
  if (shift_back(out, s) == -1 || put_octet(out, c) == -1) return -1;
  return c == '&' ? put_octet(out, '-') : 0;
}

static bool is_control(uint32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

static int put(stralloc *out, struct shifted *s, struct text *name) {
  uint32_t c;
  if (!utf8_take(name, &c) || is_control(c)) return -1;
  return c < 0x7F ? put_plain(out, s, (char)c) : put_shifted(out, s, c);
}

int mutf7_encode(stralloc *out, struct text name) {
  size_t start = out->len;
  struct shifted s = {0};
  int r = 0;
  while (r == 0 && name.len) r = put(out, &s, &name);
  if (r == 0) r = shift_back(out, &s);
  if (r == -1) out->len = start;
  return r;
}
