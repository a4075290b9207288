#include "config.h"
#include "lib/fact.h"
#include <string.h>
#include "lib/iofd.h"

void fact_begin(struct facts *f, const char *kind) {
  fact_s(f, kind);
  fact_s(f, "\t");
}

void fact_s(struct facts *f, const char *ours) {
  if (f) (void)!stralloc_cats(&f->lines, ours);
}

void fact_t(struct facts *f, struct text theirs) {
  if (f) (void)text_cat_cleaned(&f->lines, theirs);
}

void fact_u(struct facts *f, uint64_t number) {
  if (f) (void)text_cat_uint(&f->lines, number);
}

static void begin_detail(struct facts *f, const char *name) {
  fact_s(f, "\t");
  fact_s(f, name);
  fact_s(f, "=");
}

void fact_detail(struct facts *f, const char *name, struct text value) {
  begin_detail(f, name);
  fact_t(f, value);
}

void fact_detail_u(struct facts *f, const char *name, uint64_t value) {
  begin_detail(f, name);
  fact_u(f, value);
}

void fact_end(struct facts *f) {
  if (!f) return;
  fact_s(f, "\n");
  if (f->fd < 0) return;
  (void)io_write_all(f->fd, f->lines.s, f->lines.len, IO_FOREVER);
  stralloc_zero(&f->lines);
}

void fact_say(struct facts *f, const char *kind, const char *ours, struct text theirs) {
  fact_begin(f, kind);
  fact_s(f, ours);
  fact_t(f, theirs);
  fact_end(f);
}

void fact_outcome(struct facts *f, const struct result *r) {
  static const char *const names[] = {"unknown", "success", "deferral", "failure"};
  const char *name = names[r->class <= RESULT_FAILURE ? r->class : RESULT_NONE];
  fact_begin(f, "result");
  fact_s(f, name);
  if (r->reply_code) fact_s(f, " ");
  if (r->reply_code) fact_u(f, r->reply_code);
  if (r->status.len) fact_s(f, " ");
  fact_t(f, r->status);
  if (r->text.len) fact_s(f, ": ");
  fact_t(f, r->text);
  fact_detail(f, "outcome", text_of(name));
  fact_detail(f, "status", r->status);
  if (r->reply_code) fact_detail_u(f, "code", r->reply_code);
  fact_end(f);
}

/* Takes what stands before the separator, and the separator, off *rest. */
static struct text take(struct text *rest, char separator) {
  const char *end = rest->len ? memchr(rest->s, separator, rest->len) : NULL;
  struct text first = {rest->s, end ? (size_t)(end - rest->s) : rest->len};
  size_t taken = end ? first.len + 1 : first.len;
  *rest = (struct text){rest->s + taken, rest->len - taken};
  return first;
}

bool fact_next(struct text *rest, struct text *kind, struct text *sentence, struct text *details) {
  if (rest->len == 0) return false;
  struct text line = take(rest, '\n');
  struct text first = take(&line, '\t');
  bool is_fact = first.s + first.len < line.s; /* a TAB was taken */
  *kind = is_fact ? first : TEXT_ABSENT;
  *sentence = is_fact ? take(&line, '\t') : first;
  *details = line;
  return true;
}

bool fact_next_detail(struct text *details, struct text *name, struct text *value) {
  if (details->len == 0) return false;
  struct text detail = take(details, '\t');
  *name = take(&detail, '=');
  *value = detail;
  return true;
}

struct text fact_find_detail(struct text details, const char *name) {
  struct text found, value;
  while (fact_next_detail(&details, &found, &value))
    if (text_equals(found, name)) return value;
  return TEXT_ABSENT;
}
