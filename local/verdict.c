#include "config.h"
#include "local/verdict.h"
#include <errno.h>
#include <string.h>

static void add(struct verdict *v, const char *part) {
  (void)text_cat_cleaned(&v->text, text_of(part));
  if (v->text.len > VERDICT_TEXT_MAX) v->text.len = VERDICT_TEXT_MAX;
}

static int set(struct verdict *v, enum result_class class, const char *status, const char *text,
               const char *object) {
  v->class = class;
  v->status = status;
  stralloc_zero(&v->text);
  add(v, text);
  add(v, object);
  return -1;
}

int verdict_defer(struct verdict *v, const char *status, const char *text, const char *object) {
  return set(v, RESULT_DEFERRAL, status, text, object);
}

int verdict_fail(struct verdict *v, const char *status, const char *text, const char *object) {
  return set(v, RESULT_FAILURE, status, text, object);
}

int verdict_unknown(struct verdict *v, const char *text, const char *object) {
  return set(v, RESULT_NONE, "", text, object);
}

int verdict_succeed(struct verdict *v, const char *text) {
  set(v, RESULT_SUCCESS, "2.0.0", text, "");
  return 0;
}

static const char *status_of(int number) {
  if (number == EDQUOT) return "4.2.2";
  return number == ENOSPC ? "4.3.1" : "4.3.0";
}

int verdict_defer_errno(struct verdict *v, const char *text, const char *object) {
  int number = errno;
  set(v, RESULT_DEFERRAL, status_of(number), text, object);
  add(v, ": ");
  add(v, strerror(number));
  return -1;
}

int verdict_copy(struct verdict *v, const struct result *r) {
  set(v, (enum result_class)r->class, r->status.s, "", "");
  (void)text_cat_cleaned(&v->text, r->text);
  if (v->text.len > VERDICT_TEXT_MAX) v->text.len = VERDICT_TEXT_MAX;
  return -1;
}

struct result verdict_result(const struct verdict *v) {
  struct result r = {0};
  r.class = v->class;
  r.status = text_of(v->status);
  r.text = text_of_stralloc(&v->text);
  return r;
}

void verdict_free(struct verdict *v) { stralloc_free(&v->text); }
