#include "config.h"
#include "local/store/fromquote.h"

static const char from[] = "From ";
enum { FROM_OCTETS = sizeof from - 1 };

/* Where among the '>' the one more stands makes no difference, so they need
 * not be held back. */
static int add(struct fromquote *q, stralloc *out, char c) {
  q->begun = c != '\n';
  if (!q->within && q->matched == 0 && c == '>') return stralloc_append(out, &c) ? 0 : -1;
  if (!q->within && c == from[q->matched]) {
    if (++q->matched < FROM_OCTETS) return 0;
    q->within = true;
    q->matched = 0;
    return stralloc_cats(out, ">") && stralloc_cats(out, from) ? 0 : -1;
  }
  if (q->matched && !stralloc_catb(out, from, q->matched)) return -1;
  q->matched = 0;
  q->within = c != '\n';
  return stralloc_append(out, &c) ? 0 : -1;
}

int fromquote_add(struct fromquote *q, stralloc *out, struct text piece) {
  for (size_t i = 0; i < piece.len; i++)
    if (add(q, out, piece.s[i]) == -1) return -1;
  return 0;
}

int fromquote_end(struct fromquote *q, stralloc *out) {
  bool begun = q->begun;
  int r = q->matched && !stralloc_catb(out, from, q->matched) ? -1 : 0;
  *q = (struct fromquote){0};
  if (r == 0 && begun && !stralloc_cats(out, "\n")) r = -1;
  return r == 0 && stralloc_cats(out, "\n") ? 0 : -1;
}
