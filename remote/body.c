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

/* What a downgrade makes of the next octets; it may hold them back. */
static int read_changed(struct body_reader *r, struct text *chunk) {
  struct downgrade *d = r->body->downgrade;
  stralloc_zero(&d->out);
  while (!r->is_over && d->out.len == 0) {
    struct text raw = {NULL, 0};
    r->is_over = r->offset == r->body->size;
    if (!r->is_over && body_chunk(r->body, r->offset, r->space, &raw) == -1) return -1;
    r->offset += raw.len;
    int w = r->is_over ? downgrade_end(d, &d->out) : downgrade_write(d, raw, &d->out);
    if (w == -1) return errno = ENOMEM, -1;
  }
  *chunk = text_of_stralloc(&d->out);
  return chunk->len > 0;
}

int body_read(struct body_reader *r, struct text *chunk) {
  if (r->body->downgrade) return read_changed(r, chunk);
  if (r->offset == r->body->size) return 0;
  if (body_chunk(r->body, r->offset, r->space, chunk) == -1) return -1;
  r->offset += chunk->len;
  return 1;
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
  struct body_reader reader = {.body = b, .space = space};
  struct text chunk;
  int r;
  *s = (struct survey){0};
  while ((r = body_read(&reader, &chunk)) == 1) {
    s->wire_octets += chunk.len;
    take_chunk(s, &p, chunk);
  }
  if (!b->is_exact) s->wire_octets += p.last == '\n' ? 0 : p.last == '\r' ? 1 : 2;
  return r;
}

int body_examine(const struct body *b, stralloc *space, struct downgrade *d, bool *possible) {
  struct body_reader reader = {.body = b, .space = space};
  struct text chunk;
  int r;
  downgrade_begin(d);
  while ((r = body_read(&reader, &chunk)) == 1)
    if (downgrade_examine(d, chunk) == -1) return errno = ENOMEM, -1;
  if (r == 0 && downgrade_examined(d, possible) == -1) return errno = ENOMEM, -1;
  return r;
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
