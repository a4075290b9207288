#include "config.h"
#include "smtpd/talker/reply.h"
#include <string.h>

struct reply reply_say(unsigned code, const char *status, const char *text) {
  return (struct reply){code, text_of(status), text_of(text), NEXT_COMMAND};
}

struct reply reply_hang_up(unsigned code, const char *status, const char *text) {
  return (struct reply){code, text_of(status), text_of(text), NEXT_END};
}

struct reply reply_of(const struct result *r) {
  static const struct {
    unsigned code;
    const char *status;
  } usual[] = {{451, "4.3.0"}, {250, "2.0.0"}, {451, "4.3.0"}, {550, "5.0.0"}};
  struct reply reply = {(unsigned)r->reply_code, r->status, r->text, NEXT_COMMAND};
  if (!reply.code) reply.code = usual[r->class & 3].code;
  if (!reply.status.s) reply.status = text_of(usual[r->class & 3].status);
  return reply;
}

static int cat_line(stralloc *out, const struct reply *r, struct text line, bool last) {
  size_t start = out->len;
  if (text_cat_uint(out, r->code) == -1 || !stralloc_cats(out, last ? " " : "-")) return -1;
  if (r->status.s && (text_cat(out, r->status) == -1 || !stralloc_cats(out, " "))) return -1;
  if (text_cat_cleaned(out, line) == -1) return -1;
  if (out->len - start > REPLY_LINE_MAX - 2) out->len = start + REPLY_LINE_MAX - 2;
  return stralloc_cats(out, "\r\n") ? 0 : -1;
}

int reply_cat(stralloc *out, const struct reply *r) {
  struct text rest = r->text;
  const char *newline;
  while (rest.len && (newline = memchr(rest.s, '\n', rest.len))) {
    size_t len = (size_t)(newline - rest.s);
    if (cat_line(out, r, (struct text){rest.s, len}, false) == -1) return -1;
    rest = (struct text){newline + 1, rest.len - len - 1};
  }
  return cat_line(out, r, rest, true);
}
