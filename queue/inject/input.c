#include "config.h"
#include "queue/inject/input.h"
#include <string.h>
#include "lib/header.h"
#include "lib/iofd.h"

void injectinput_start(struct injectinput *in, int fd, bool dot_ends) {
  memset(in, 0, sizeof *in);
  in->fd = fd;
  in->dot_ends = dot_ends;
}

static void put(struct injectinput *in, char c) {
  in->ready[in->len++] = c;
  in->in_line = c != '\n';
}

static void release(struct injectinput *in) {
  if (in->held_dot) put(in, '.');
  if (in->held_cr) put(in, '\r');
  in->held_dot = in->held_cr = false;
}

static void end_line(struct injectinput *in) {
  if (!in->line_ends_known) in->crlf = in->held_cr;
  in->line_ends_known = true;
  if (in->crlf) in->held_cr = false;
  if (in->held_dot && !in->held_cr) {
    in->ended = true;
    return;
  }
  release(in);
  put(in, '\n');
}

static void take(struct injectinput *in, char c) {
  bool starts_line = !in->in_line && !in->held_dot && !in->held_cr;
  if (c == '\n') end_line(in);
  else if (c == '.' && in->dot_ends && starts_line) in->held_dot = true;
  else if (c == '\r' && !in->held_cr) in->held_cr = true;
  else {
    release(in);
    if (c == '\r') in->held_cr = true;
    else put(in, c);
  }
}

static void end_of_file(struct injectinput *in) {
  bool lone_dot = in->held_dot && !in->held_cr;
  in->ended = true;
  if (lone_dot) return;
  release(in);
  if (in->in_line) put(in, '\n');
}

/* Makes octets ready, or ends.  What is taken is at most two octets behind what
 * was read, so ready has room for all of it. */
static bool fill(struct injectinput *in) {
  char chunk[INJECTINPUT_CHUNK];
  in->at = in->len = 0;
  while (in->len == 0 && !in->ended) {
    ssize_t n = io_read(in->fd, chunk, sizeof chunk, IO_FOREVER);
    if (n == -1) return false;
    if (n == 0) end_of_file(in);
    for (ssize_t i = 0; i < n && !in->ended; i++) take(in, chunk[i]);
  }
  return true;
}

static struct text ready(const struct injectinput *in) {
  return (struct text){in->ready + in->at, in->len - in->at};
}

/* One line, or its first octets when it is longer than max, into in->line. */
static enum injectinput_status read_line(struct injectinput *in, size_t max) {
  stralloc_zero(&in->line);
  while (in->line.len <= max) {
    if (in->at == in->len && !fill(in)) return INJECTINPUT_READ_ERROR;
    struct text t = ready(in);
    if (t.len == 0) return INJECTINPUT_OK;
    const char *newline = memchr(t.s, '\n', t.len);
    if (newline) t.len = (size_t)(newline - t.s) + 1;
    if (text_cat(&in->line, t) == -1) return INJECTINPUT_NO_MEMORY;
    in->at += t.len;
    if (newline) return INJECTINPUT_OK;
  }
  return INJECTINPUT_OK;
}

static bool starts(struct text t, const char *with) {
  size_t n = strlen(with);
  return t.len >= n && memcmp(t.s, with, n) == 0;
}

static bool is_mbox_line(struct text line) {
  return line.len && line.s[line.len - 1] == '\n' && (starts(line, "From ") || starts(line, ">From "));
}

enum injectinput_status injectinput_header(struct injectinput *in, stralloc *header) {
  bool first = true;
  stralloc_zero(header);
  for (;; first = false) {
    enum injectinput_status s = read_line(in, INJECTINPUT_HEADER_MAX);
    if (s != INJECTINPUT_OK) return s;
    struct text line = text_of_stralloc(&in->line);
    if (first && is_mbox_line(line)) continue;
    enum header_line kind = header_line(line);
    if (kind == HEADER_LINE_EMPTY) return stralloc_zero(&in->line), INJECTINPUT_OK;
    if (kind == HEADER_LINE_NO_FIELD || (kind == HEADER_LINE_FOLDED && header->len == 0))
      return INJECTINPUT_OK;
    if (header->len + line.len > INJECTINPUT_HEADER_MAX) return INJECTINPUT_TOO_LONG;
    if (text_cat(header, line) == -1) return INJECTINPUT_NO_MEMORY;
  }
}

enum injectinput_status injectinput_body(struct injectinput *in, struct text *octets) {
  if (in->line.len) {
    /* kept apart from the buffer, so that the view stays valid */
    *octets = text_of_stralloc(&in->line);
    in->line.len = 0;
    return INJECTINPUT_OK;
  }
  if (in->at == in->len && !fill(in)) return INJECTINPUT_READ_ERROR;
  *octets = ready(in);
  in->at = in->len;
  return INJECTINPUT_OK;
}

void injectinput_free(struct injectinput *in) { stralloc_free(&in->line); }
