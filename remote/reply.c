#include "config.h"
#include "remote/reply.h"
#include <string.h>

enum { CODE_DIGITS = 3 };

void reply_begin(struct reply *r) {
  stralloc text = r->text;
  stralloc_zero(&text);
  *r = (struct reply){.text = text};
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Without memory the text is left out: the code is what counts. */
static void keep(struct reply *r, char c) {
  if (r->text.len < REPLY_TEXT_MAX) (void)text_cat_cleaned(&r->text, (struct text){&c, 1});
}

static bool take_octet(struct reply *r, char c) {
  size_t column = r->column++;
  if (column < CODE_DIGITS) {
    r->line_code = r->line_code * 10 + (unsigned)(c - '0');
    return is_digit(c) && (column > 0 || (c >= '2' && c <= '5'));
  }
  if (column > CODE_DIGITS) return keep(r, c), true;
  r->continued = c == '-';
  return c == ' ' || c == '-';
}

/* All lines have one code (RFC 5321 4.2.1).  Where they do not the last one
 * counts, but success must not turn into failure on the way. */
static enum reply_status end_line(struct reply *r) {
  if (r->column < CODE_DIGITS) return REPLY_MALFORMED;
  if (r->first_digit && r->first_digit != r->line_code / 100) return REPLY_MALFORMED;
  r->first_digit = r->line_code / 100;
  r->code = r->line_code;
  if (!r->continued) return REPLY_DONE;
  r->line_code = 0;
  r->column = 0;
  r->continued = false;
  if (r->text.len < REPLY_TEXT_MAX) (void)!stralloc_append(&r->text, "\n");
  return REPLY_MORE;
}

static enum reply_status take(struct reply *r, char c) {
  bool after_cr = r->after_cr;
  if (++r->octets > REPLY_OCTETS_MAX) return REPLY_MALFORMED;
  r->after_cr = false;
  if (c == '\n') return end_line(r);
  if (after_cr && !take_octet(r, '\r')) return REPLY_MALFORMED;
  if (c == '\r')
    r->after_cr = true;
  else if (!take_octet(r, c))
    return REPLY_MALFORMED;
  return REPLY_MORE;
}

enum reply_status reply_feed(struct reply *r, struct text *in) {
  enum reply_status s = REPLY_MORE;
  while (s == REPLY_MORE && in->len) {
    char c = *in->s++;
    in->len--;
    s = take(r, c);
  }
  return s;
}

bool reply_line(struct text *rest, struct text *line) {
  if (!rest->s) return false;
  const char *end = rest->len ? memchr(rest->s, '\n', rest->len) : NULL;
  *line = *rest;
  *rest = TEXT_ABSENT;
  if (!end) return true;
  *rest = (struct text){end + 1, line->len - (size_t)(end + 1 - line->s)};
  line->len = (size_t)(end - line->s);
  return true;
}

/* "." and one to three digits at *i */
static bool skip_part(struct text t, size_t *i) {
  size_t start = *i + 1;
  if (*i >= t.len || t.s[*i] != '.') return false;
  for (*i = start; *i < t.len && is_digit(t.s[*i]);) ++*i;
  return *i > start && *i - start <= 3;
}

bool reply_enhanced(const struct reply *r, char status[STATUS_MAX]) {
  struct text rest = text_of_stralloc(&r->text), line;
  size_t len = 1;
  if (!reply_line(&rest, &line) || line.len == 0) return false;
  if (line.s[0] != (char)('0' + r->code / 100)) return false;
  if (!skip_part(line, &len) || !skip_part(line, &len)) return false;
  if (len < line.len && line.s[len] != ' ') return false;
  memcpy(status, line.s, len);
  status[len] = 0;
  return true;
}

void reply_free(struct reply *r) { stralloc_free(&r->text); }
