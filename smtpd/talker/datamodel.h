/* datamodel.h - what data.h has to come to, for its tests: a decoder that sees
 * the whole of a message at once and looks for whole strings */
#ifndef OWL_DATAMODEL_H
#define OWL_DATAMODEL_H

#include <string.h>
#include "lib/text.h"
#include <stdlib.h>

struct model {
  bool ended, spoilt;
  size_t used;  /* octets of the message and its end mark */
  stralloc out; /* where bare CR and LF are normalised; else only if not spoilt */
};

static inline size_t model_find(struct text in, const char *what) {
  const char *p = in.len ? memmem(in.s, in.len, what, strlen(what)) : NULL;
  return p ? (size_t)(p - in.s) : in.len;
}

/* A line without its CRLF. */
static inline void model_line(struct model *m, struct text line, bool chunked) {
  size_t stuffed = !chunked && line.len && line.s[0] == '.';
  for (size_t i = stuffed; i < line.len; i++) {
    char c = line.s[i];
    m->spoilt |= c == '\r' || c == '\n';
    if (!stralloc_append(&m->out, c == '\r' ? &(char){' '} : &c)) abort();
  }
}

static inline void model_lines(struct model *m, struct text in, bool chunked) {
  while (in.len) {
    size_t len = model_find(in, "\r\n");
    model_line(m, (struct text){in.s, len}, chunked);
    if (len == in.len) return;
    if (!stralloc_append(&m->out, "\n")) abort();
    in = (struct text){in.s + len + 2, in.len - len - 2};
  }
}

/* chunked: in is the whole of the message; else the data and what follows. */
static inline void model_decode(struct model *m, struct text in, bool chunked) {
  size_t end = in.len >= 3 && memcmp(in.s, ".\r\n", 3) == 0 ? 0 : model_find(in, "\r\n.\r\n") + 2;
  *m = (struct model){.out = m->out, .ended = chunked || end < in.len};
  stralloc_zero(&m->out);
  if (!m->ended) return;
  m->used = chunked ? in.len : end + 3;
  model_lines(m, (struct text){in.s, chunked ? in.len : end}, chunked);
}

#endif
