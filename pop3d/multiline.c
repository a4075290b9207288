#include "config.h"
#include "pop3d/multiline.h"
#include <stdbool.h>
#include <string.h>

enum { AROUND = 3 }; /* what a line can have more than the file: a dot, and CRLF for LF */

/* Where so many octets can be put; NULL without memory. */
static char *room_for(stralloc *out, size_t octets) {
  bool is_there = out->s && out->a - out->len >= octets;
  return is_there || stralloc_readyplus(out, octets) ? out->s + out->len : NULL;
}

static char *put_part(struct multiline *m, struct text part, char *to) {
  if (part.len == 0) return to;
  if (!m->in_line && part.s[0] == '.') *to++ = '.';
  m->in_line = true;
  m->after_cr = part.s[part.len - 1] == '\r';
  m->line_octets += part.len - m->after_cr;
  memcpy(to, part.s, part.len);
  return to + part.len;
}

static char *put_line_end(struct multiline *m, char *to) {
  if (!m->after_cr) *to++ = '\r';
  *to++ = '\n';
  bool is_empty = m->line_octets == 0;
  m->in_line = m->after_cr = false;
  m->line_octets = 0;
  if (m->in_body && m->body_lines != MULTILINE_ALL) m->body_lines--;
  if (is_empty) m->in_body = true;
  m->is_over = m->in_body && m->body_lines == 0;
  return to;
}

int multiline_put(struct multiline *m, struct text octets, stralloc *out) {
  while (octets.len && !m->is_over) {
    const char *lf = memchr(octets.s, '\n', octets.len);
    struct text part = {octets.s, lf ? (size_t)(lf - octets.s) : octets.len};
    char *to = room_for(out, part.len + AROUND);
    if (!to) return -1;
    to = put_part(m, part, to);
    if (lf) to = put_line_end(m, to);
    out->len = (size_t)(to - out->s);
    size_t used = part.len + (lf != NULL);
    octets = (struct text){octets.s + used, octets.len - used};
  }
  return 0;
}

int multiline_end(struct multiline *m, stralloc *out) {
  static const char end[] = ".\r\n";
  char *to = room_for(out, AROUND);
  if (!to) return -1;
  if (m->in_line) to = put_line_end(m, to);
  out->len = (size_t)(to - out->s);
  return stralloc_catb(out, end, sizeof end - 1) ? 0 : -1;
}
