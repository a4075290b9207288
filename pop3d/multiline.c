#include "config.h"
#include "pop3d/multiline.h"
#include <string.h>

static int cat(stralloc *out, const char *s) { return stralloc_cats(out, s) ? 0 : -1; }

static int put_part(struct multiline *m, struct text part, stralloc *out) {
  if (part.len == 0) return 0;
  if (!m->in_line && part.s[0] == '.' && cat(out, ".") == -1) return -1;
  m->in_line = true;
  m->after_cr = part.s[part.len - 1] == '\r';
  m->line_octets += part.len - m->after_cr;
  return text_cat(out, part);
}

static int put_line_end(struct multiline *m, stralloc *out) {
  const char *end = m->after_cr ? "\n" : "\r\n";
  bool is_empty = m->line_octets == 0;
  m->in_line = m->after_cr = false;
  m->line_octets = 0;
  if (m->in_body && m->body_lines != MULTILINE_ALL) m->body_lines--;
  if (is_empty) m->in_body = true;
  m->is_over = m->in_body && m->body_lines == 0;
  return cat(out, end);
}

int multiline_put(struct multiline *m, struct text octets, stralloc *out) {
  while (octets.len && !m->is_over) {
    const char *lf = memchr(octets.s, '\n', octets.len);
    struct text part = {octets.s, lf ? (size_t)(lf - octets.s) : octets.len};
    if (put_part(m, part, out) == -1) return -1;
    if (lf && put_line_end(m, out) == -1) return -1;
    size_t used = part.len + (lf != NULL);
    octets = (struct text){octets.s + used, octets.len - used};
  }
  return 0;
}

int multiline_end(struct multiline *m, stralloc *out) {
  if (m->in_line && put_line_end(m, out) == -1) return -1;
  return cat(out, ".\r\n");
}
