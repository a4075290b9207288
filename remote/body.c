#include "config.h"
#include "remote/body.h"
#include <errno.h>
#include <string.h>
#include "lib/iofd.h"

int body_chunk(const struct body *b, uint64_t offset, stralloc *space, struct text *chunk) {
  uint64_t left = b->size - offset;
  size_t len = left < BODY_CHUNK_OCTETS ? (size_t)left : BODY_CHUNK_OCTETS;
  if (b->content.s) {
    *chunk = (struct text){b->content.s + offset, len};
    return 0;
  }
  if (!stralloc_ready(space, BODY_CHUNK_OCTETS)) return errno = ENOMEM, -1;
  *chunk = (struct text){space->s, len};
  return io_pread_all(b->fd, space->s, len, (off_t)offset);
}

/* Where a survey is. */
struct place {
  char last; /* octet */
  bool line_is_empty, in_header;
};

/* One octet more for every LF that has no CR before it. */
static void take_line_end(struct survey *s, struct place *p, char before) {
  s->wire_octets += before != '\r';
  if (p->line_is_empty) p->in_header = false;
  p->line_is_empty = true;
}

/* Octets without LF. */
static void take_part(struct survey *s, struct place *p, struct text part) {
  if (part.len > 1 || (part.len && part.s[0] != '\r')) p->line_is_empty = false;
  if (text_is_ascii(part)) return;
  if (p->in_header)
    s->eightbit_header = true;
  else
    s->eightbit_text = true;
}

static void take_chunk(struct survey *s, struct place *p, struct text t) {
  while (t.len) {
    const char *lf = memchr(t.s, '\n', t.len);
    struct text part = {t.s, lf ? (size_t)(lf - t.s) : t.len};
    take_part(s, p, part);
    if (part.len) p->last = part.s[part.len - 1];
    if (lf) {
      take_line_end(s, p, p->last);
      p->last = '\n';
    }
    size_t used = part.len + (lf != NULL);
    t = (struct text){t.s + used, t.len - used};
  }
}

int body_survey(const struct body *b, stralloc *space, struct survey *s) {
  struct place p = {.last = '\n', .line_is_empty = true, .in_header = true};
  *s = (struct survey){.wire_octets = b->size};
  for (uint64_t offset = 0; offset < b->size;) {
    struct text chunk;
    if (body_chunk(b, offset, space, &chunk) == -1) return -1;
    take_chunk(s, &p, chunk);
    offset += chunk.len;
  }
  if (!b->is_exact) s->wire_octets += p.last == '\n' ? 0 : p.last == '\r' ? 1 : 2;
  return 0;
}

static int cat(stralloc *out, const char *octets) { return stralloc_cats(out, octets) ? 0 : -1; }

/* Octets of one line, without CR and LF. */
static int put_part(struct body_encoder *e, struct text part, stralloc *out) {
  if (part.len == 0) return 0;
  if (!e->is_chunk && !e->in_line && part.s[0] == '.' && cat(out, ".") == -1) return -1;
  e->in_line = true;
  return text_cat(out, part);
}

static int put_held_cr(struct body_encoder *e, stralloc *out) {
  bool held = e->after_cr;
  e->after_cr = false;
  return held ? put_part(e, text_of(" "), out) : 0;
}

static int put_line_end(struct body_encoder *e, stralloc *out) {
  e->after_cr = e->in_line = false;
  return cat(out, "\r\n");
}

/* A stretch without LF: divided at its CRs. */
static int put_stretch(struct body_encoder *e, struct text t, stralloc *out) {
  while (t.len) {
    const char *cr = memchr(t.s, '\r', t.len);
    struct text part = {t.s, cr ? (size_t)(cr - t.s) : t.len};
    if (put_held_cr(e, out) == -1 || put_part(e, part, out) == -1) return -1;
    e->after_cr = cr != NULL;
    size_t used = part.len + (cr != NULL);
    t = (struct text){t.s + used, t.len - used};
  }
  return 0;
}

int body_encode(struct body_encoder *e, struct text chunk, stralloc *out) {
  while (chunk.len) {
    const char *lf = memchr(chunk.s, '\n', chunk.len);
    struct text stretch = {chunk.s, lf ? (size_t)(lf - chunk.s) : chunk.len};
    if (put_stretch(e, stretch, out) == -1) return -1;
    if (lf && put_line_end(e, out) == -1) return -1;
    size_t used = stretch.len + (lf != NULL);
    chunk = (struct text){chunk.s + used, chunk.len - used};
  }
  return 0;
}

int body_encode_end(struct body_encoder *e, stralloc *out) {
  if (e->is_exact) return put_held_cr(e, out);
  if ((e->in_line || e->after_cr) && put_line_end(e, out) == -1) return -1;
  return e->is_chunk ? 0 : cat(out, ".\r\n");
}
