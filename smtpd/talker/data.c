#include "config.h"
#include "smtpd/talker/data.h"
#include <string.h>

static bool is_line_end(char c) { return c == '\r' || c == '\n'; }

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

/* Compared when its colon comes, so that the cost is a few octets a line. */
static void count_hop(struct data *d) {
  struct text name = {d->name, d->name_len};
  d->hops += text_equals(name, "received:") || text_equals(name, "delivered-to:");
}

static void see_header(struct data *d, char c) {
  if (d->name_len == sizeof d->name) return;
  d->name[d->name_len++] = lower(c);
  if (c != ':') return;
  count_hop(d);
  d->name_len = sizeof d->name;
}

static bool wants_name(const struct data *d) { return !d->in_body && d->name_len < sizeof d->name; }

static void end_line(struct data *d) {
  if (d->name_len == 0) d->in_body = true; /* the line is empty */
  d->name_len = 0;
  d->size += 2;
}

/* What stands between line ends, from *p on: copied, and looked at only where
 * a field name may be. */
static char *copy_text(struct data *d, const char **p, const char *end, char *out) {
  const char *start = *p, *q = start;
  while (q < end && !is_line_end(*q) && wants_name(d)) see_header(d, *q++);
  while (q < end && !is_line_end(*q)) q++;
  size_t len = (size_t)(q - start);
  memcpy(out, start, len);
  d->size += len;
  d->state = DATA_TEXT;
  *p = q;
  return out + len;
}

/* A CR that no LF follows. */
static char *bare_cr(struct data *d, char *out) {
  d->bare_cr = true;
  d->state = DATA_TEXT;
  if (wants_name(d)) see_header(d, ' ');
  d->size++;
  *out++ = ' ';
  return out;
}

/* The state is not that behind CRLF: a dot that follows is text. */
static char *bare_lf(struct data *d, char *out) {
  d->bare_lf = true;
  d->state = DATA_TEXT;
  end_line(d);
  *out++ = '\n';
  return out;
}

static char *take_line_end(struct data *d, char c, char *out) {
  if (c == '\n') return bare_lf(d, out);
  d->state = d->state == DATA_DOT ? DATA_DOT_CR : DATA_CR;
  return out;
}

/* The LF behind a CR. */
static char *take_crlf(struct data *d, char *out) {
  if (d->state == DATA_DOT_CR) {
    d->state = DATA_END;
    return out;
  }
  d->state = DATA_LINE_START;
  end_line(d);
  *out++ = '\n';
  return out;
}

static bool is_stuffed(const struct data *d, char c) { return c == '.' && !d->chunked; }

/* One octet, or all the text up to the next line end. */
static char *step(struct data *d, const char **p, const char *end, char *out) {
  switch (d->state) {
    case DATA_LINE_START:
      d->state = is_stuffed(d, **p) ? DATA_DOT : DATA_TEXT;
      *p += d->state == DATA_DOT;
      break;
    case DATA_TEXT:
    case DATA_DOT:
      if (!is_line_end(**p)) return copy_text(d, p, end, out);
      return take_line_end(d, *(*p)++, out);
    case DATA_CR:
    case DATA_DOT_CR:
      if (**p != '\n') return bare_cr(d, out);
      ++*p;
      return take_crlf(d, out);
    case DATA_END: break;
  }
  return out;
}

size_t data_decode(struct data *d, struct text *in, char *out) {
  const char *p = in->s, *end = p + in->len;
  char *o = out;
  while (p < end && d->state != DATA_END) o = step(d, &p, end, o);
  *in = (struct text){p, (size_t)(end - p)};
  return (size_t)(o - out);
}

size_t data_finish(struct data *d, char *out) {
  return d->state == DATA_CR ? (size_t)(bare_cr(d, out) - out) : 0;
}

bool data_is_spoilt(const struct data *d) { return (d->bare_cr || d->bare_lf) && !d->normalises; }
