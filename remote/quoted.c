#include "config.h"
#include "remote/quoted.h"

enum { LINE_OCTETS = 75 }; /* and "=" where the line goes on */

static int put_word(struct quoted *q, const char *word, unsigned len, stralloc *out) {
  if (q->column + len > LINE_OCTETS) {
    if (!stralloc_cats(out, "=\n")) return -1;
    q->column = 0;
  }
  q->column += len;
  return stralloc_catb(out, word, len) ? 0 : -1;
}

static int put_code(struct quoted *q, char c, stralloc *out) {
  static const char digits[] = "0123456789ABCDEF";
  unsigned char u = (unsigned char)c;
  const char word[] = {'=', digits[u >> 4], digits[u & 15]};
  return put_word(q, word, sizeof word, out);
}

static int put_held(struct quoted *q, stralloc *out) {
  char held = q->held;
  q->held = 0;
  return held ? put_word(q, &held, 1, out) : 0;
}

static int put_octet(struct quoted *q, char c, stralloc *out) {
  if (put_held(q, out) == -1) return -1;
  if (c == ' ' || c == '\t') return q->held = c, 0;
  /* a line of ours must not begin like a delimiter */
  if (c == '-' && q->column + 1 > LINE_OCTETS) return put_code(q, c, out);
  return c > ' ' && c < 127 && c != '=' ? put_word(q, &c, 1, out) : put_code(q, c, out);
}

int quoted_put(struct quoted *q, struct text part, stralloc *out) {
  for (size_t i = 0; i < part.len; i++)
    if (put_octet(q, part.s[i], out) == -1) return -1;
  return 0;
}

int quoted_end(struct quoted *q, stralloc *out) {
  int r = q->held ? put_code(q, q->held, out) : 0;
  *q = (struct quoted){0};
  return r;
}
