#include "config.h"
#include "lib/line.h"
#include <errno.h>
#include <string.h>

enum { CRLF_OCTETS = 2 };

ssize_t line_fill(struct line_reader *r) {
  ssize_t n = r->source(r->context, r->octets, sizeof r->octets);
  r->at = 0;
  r->end = n > 0 ? (size_t)n : 0;
  return n;
}

/* What is known of the line so far; all but kept text is forgotten at once. */
struct progress {
  bool after_cr, bare_cr, too_long;
  size_t max;
};

static int keep(struct progress *p, stralloc *line, const char *octets, size_t len) {
  if (len == 0) return 0;
  p->bare_cr |= p->after_cr;
  p->after_cr = false;
  if (p->too_long || line->len + len + CRLF_OCTETS > p->max) {
    p->too_long = true;
    return 0;
  }
  return stralloc_catb(line, octets, len) ? 0 : -1;
}

/* Takes octets up to and with the next LF, or all there are. 1: a line is
 * there; 0: not yet; -1: no memory. */
static int take(struct line_reader *r, struct progress *p, stralloc *line) {
  const char *start = r->octets + r->at;
  size_t len = r->end - r->at;
  const char *newline = memchr(start, '\n', len);
  if (newline) len = (size_t)(newline - start);
  for (const char *cr; (cr = memchr(start, '\r', len));) {
    size_t before = (size_t)(cr - start);
    if (keep(p, line, start, before) == -1) return -1;
    p->bare_cr |= p->after_cr;
    p->after_cr = true;
    start += before + 1;
    len -= before + 1;
  }
  if (keep(p, line, start, len) == -1) return -1;
  r->at = newline ? (size_t)(newline - r->octets) + 1 : r->end;
  return newline != NULL;
}

enum line_status line_read(struct line_reader *r, stralloc *line, size_t max) {
  struct progress p = {.max = max};
  int taken = 0;
  stralloc_zero(line);
  while (taken == 0) {
    ssize_t n = r->at < r->end ? 1 : line_fill(r);
    if (n == 0) return LINE_EOF;
    if (n > 0) taken = take(r, &p, line);
    if (n < 0 || taken < 0) return LINE_ERROR;
  }
  if (!p.after_cr) return LINE_BARE_LF;
  if (p.bare_cr) return LINE_BARE_CR;
  return p.too_long ? LINE_TOO_LONG : LINE_OK;
}
