#include "config.h"
#include "remote/downgrade.h"
#include <string.h>

#define ENCODING_FIELD "Content-Transfer-Encoding"

/* A line, or a stretch of one that is long. */
struct piece {
  struct text octets;
  bool begins, ends;
};
typedef int piece_fn(struct downgrade *d, struct piece p, stralloc *out);

/* ---- lines */

static void start_over(struct downgrade *d) {
  mime_begin(&d->mime);
  stralloc_zero(&d->line);
  d->quoted = (struct quoted){0};
  d->in_line = d->drops = false;
}

static bool ends_with_cr(const stralloc *line) { return line->len && line->s[line->len - 1] == '\r'; }

/* A CR in the middle of a line is the space that it leaves as (remote/body.h):
 * what is a line's end, or a delimiter, must be the same for the receiver. */
static void clean_line(stralloc *line, bool ends) {
  if (ends && ends_with_cr(line)) line->len--;
  for (size_t i = 0; i < line->len; i++)
    if (line->s[i] == '\r') line->s[i] = ' ';
}

/* A CR at the end of a stretch waits: LF may follow. */
static int give(struct downgrade *d, piece_fn *use, bool ends, stralloc *out) {
  bool waits = !ends && ends_with_cr(&d->line);
  if (waits) d->line.len--;
  clean_line(&d->line, ends);
  struct piece p = {text_of_stralloc(&d->line), !d->in_line, ends};
  if (mime_line(&d->mime, p.octets, p.begins) == -1 || use(d, p, out) == -1) return -1;
  stralloc_zero(&d->line);
  d->in_line = !ends;
  return !waits || stralloc_append(&d->line, "\r") ? 0 : -1;
}

static int split(struct downgrade *d, struct text chunk, piece_fn *use, stralloc *out) {
  while (chunk.len) {
    size_t room = DOWNGRADE_LINE_MAX - d->line.len, most = chunk.len < room ? chunk.len : room;
    const char *lf = memchr(chunk.s, '\n', most);
    struct text part = {chunk.s, lf ? (size_t)(lf - chunk.s) : most};
    if (text_cat(&d->line, part) == -1) return -1;
    size_t used = part.len + (lf != NULL);
    chunk = (struct text){chunk.s + used, chunk.len - used};
    if ((lf || d->line.len == DOWNGRADE_LINE_MAX) && give(d, use, lf != NULL, out) == -1) return -1;
  }
  return 0;
}

/* A CR at the very end is a line end (remote/body.h). */
static int give_last(struct downgrade *d, piece_fn *use, stralloc *out) {
  return d->line.len ? give(d, use, ends_with_cr(&d->line), out) : 0;
}

/* ---- looking */

static int set_part(struct downgrade *d, char what) {
  unsigned part = d->mime.part;
  if (part >= DOWNGRADE_PARTS_MAX) {
    d->is_impossible = true;
    return 0;
  }
  while (d->parts.len <= part)
    if (!stralloc_append(&d->parts, &(char){PART_AS_IT_IS})) return -1;
  d->parts.s[part] = what;
  return 0;
}

static int look(struct downgrade *d, struct piece p, stralloc *out) {
  const struct mime *m = &d->mime;
  (void)out;
  if (m->place == MIME_BLANK && m->kind == MIME_COMPOSITE && !mime_is_signed(m)) return set_part(d, PART_UNLABELED);
  if (text_is_ascii(p.octets)) return 0;
  d->has_eightbit_header = d->has_eightbit_header || m->place == MIME_HEADER;
  if (m->place != MIME_LEAF) return 0;
  if (m->kind == MIME_CLOSED) d->is_impossible = true;
  return set_part(d, PART_QUOTED);
}

void downgrade_begin(struct downgrade *d) {
  start_over(d);
  stralloc_zero(&d->parts);
  d->is_impossible = d->has_eightbit_header = false;
}

int downgrade_examine(struct downgrade *d, struct text chunk) { return split(d, chunk, look, NULL); }

int downgrade_examined(struct downgrade *d, bool *possible) {
  int r = give_last(d, look, NULL);
  *possible = !d->is_impossible;
  start_over(d);
  return r;
}

/* ---- writing */

static int what_to_do(const struct downgrade *d) {
  return d->mime.part < d->parts.len ? d->parts.s[d->mime.part] : PART_AS_IT_IS;
}

static bool is_continuation(struct text line) {
  return line.len && (*line.s == ' ' || *line.s == '\t');
}

static int put_line(struct piece p, stralloc *out) {
  return text_cat(out, p.octets) == 0 && (!p.ends || stralloc_cats(out, "\n")) ? 0 : -1;
}

static int write_header(struct downgrade *d, struct piece p, stralloc *out) {
  if (p.begins && !is_continuation(p.octets))
    d->drops = what_to_do(d) != PART_AS_IT_IS && mime_is_field(p.octets, ENCODING_FIELD);
  return d->drops ? 0 : put_line(p, out);
}

/* RFC 1428 has the charset for text whose charset nobody knows. */
static int write_blank(struct downgrade *d, struct piece p, stralloc *out) {
  const struct mime *m = &d->mime;
  bool quotes = what_to_do(d) == PART_QUOTED;
  d->drops = false;
  if (quotes && m->is_message && !m->has_version && !stralloc_cats(out, "MIME-Version: 1.0\n")) return -1;
  if (quotes && m->is_message && !m->has_type &&
      !stralloc_cats(out, "Content-Type: text/plain; charset=unknown-8bit\n"))
    return -1;
  if (quotes && !stralloc_cats(out, ENCODING_FIELD ": quoted-printable\n")) return -1;
  return put_line(p, out);
}

static int write_text(struct downgrade *d, struct piece p, stralloc *out) {
  if (what_to_do(d) != PART_QUOTED) return put_line(p, out);
  if (quoted_put(&d->quoted, p.octets, out) == -1) return -1;
  return !p.ends || (quoted_end(&d->quoted, out) == 0 && stralloc_cats(out, "\n")) ? 0 : -1;
}

/* Nobody reads what stands there; but no line may become a delimiter. */
static int write_between(struct piece p, stralloc *out) {
  size_t start = out->len;
  if (put_line(p, out) == -1) return -1;
  if (p.begins && *p.octets.s == '-' && !text_is_ascii(p.octets)) out->s[start] = '?';
  for (size_t i = start; i < out->len; i++)
    if ((unsigned char)out->s[i] > 127) out->s[i] = '?';
  return 0;
}

static int put(struct downgrade *d, struct piece p, stralloc *out) {
  switch (d->mime.place) {
    case MIME_HEADER: return write_header(d, p, out);
    case MIME_BLANK: return write_blank(d, p, out);
    case MIME_LEAF: return write_text(d, p, out);
    case MIME_BETWEEN: break;
  }
  return write_between(p, out);
}

int downgrade_write(struct downgrade *d, struct text chunk, stralloc *out) { return split(d, chunk, put, out); }

int downgrade_end(struct downgrade *d, stralloc *out) {
  int r = give_last(d, put, out) == 0 ? quoted_end(&d->quoted, out) : -1;
  start_over(d);
  return r;
}

void downgrade_free(struct downgrade *d) {
  mime_free(&d->mime);
  stralloc_free(&d->line);
  stralloc_free(&d->parts);
  stralloc_free(&d->out);
}
