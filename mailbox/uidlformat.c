#include "config.h"
#include "mailbox/uidlformat.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { WIDTH_MAX = 32 };

struct field {
  bool is_hex, is_large, has_zeros;
  unsigned width;
  char what;
};

/* What follows a percent sign. */
static bool take_field(struct text *t, struct field *f) {
  *f = (struct field){0};
  for (; t->len; t->s++, t->len--) {
    char c = *t->s;
    if (c == 'X') f->is_hex = true;
    else if (c == 'U' || c == 'L') f->is_large = c == 'U';
    else if (c == '0' && f->width == 0) f->has_zeros = true;
    else if (c >= '0' && c <= '9' && f->width <= WIDTH_MAX / 10) f->width = f->width * 10 + (unsigned)(c - '0');
    else break;
  }
  if (t->len == 0 || f->width > WIDTH_MAX) return false;
  f->what = *t->s;
  t->s++, t->len--;
  return true;
}

static bool put_number(stralloc *out, const struct field *f, uint32_t n) {
  const char *digits = f->is_large ? "0123456789ABCDEF" : "0123456789abcdef";
  char text[WIDTH_MAX + 10];
  unsigned base = f->is_hex ? 16 : 10, at = sizeof text, len = 0;
  do text[--at] = digits[n % base], len++; while (n /= base);
  while (len < f->width) text[--at] = f->has_zeros ? '0' : ' ', len++;
  return stralloc_catb(out, text + at, len);
}

static bool put_base(stralloc *out, const struct field *f, struct text base) {
  size_t from = out->len;
  if (text_cat(out, base) == -1) return false;
  for (size_t i = from; i < out->len && f->is_large; i++) out->s[i] = (char)toupper((unsigned char)out->s[i]);
  return true;
}

static int put_field(stralloc *out, const struct field *f, const struct uidlformat_facts *facts) {
  bool is_done;
  switch (f->what) {
    case 'u': is_done = put_number(out, f, facts->uid); break;
    case 'v': is_done = put_number(out, f, facts->validity); break;
    case 'f':
    case 'g': is_done = put_base(out, f, facts->base); break;
    case '%': is_done = stralloc_cats(out, "%"); break;
    default: return errno = EINVAL, -1;
  }
  return is_done ? 0 : (errno = ENOMEM, -1);
}

int uidlformat_put(stralloc *out, struct text format, const struct uidlformat_facts *facts) {
  struct field f;
  while (format.len) {
    char c = *format.s;
    format.s++, format.len--;
    if (c != '%' && !stralloc_catb(out, &c, 1)) return errno = ENOMEM, -1;
    if (c != '%') continue;
    if (!take_field(&format, &f)) return errno = EINVAL, -1;
    if (put_field(out, &f, facts) == -1) return -1;
  }
  return 0;
}
