#include "config.h"
#include "queue/owlq/jsonline.h"
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "lib/exitcode.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/utf8.h"

void jsonline_begin(struct jsonline *j) {
  j->object = json_object();
  j->failed = !j->object;
}

/* Takes value, NULL when there was no memory for it. */
static void set(struct jsonline *j, const char *key, json_t *value) {
  if (json_object_set_new_nocheck(j->object, key, value) == -1) j->failed = true;
}

static json_t *array_at(struct jsonline *j, const char *key) {
  if (!json_object_get(j->object, key)) set(j, key, json_array());
  return json_object_get(j->object, key);
}

static void append(struct jsonline *j, const char *key, json_t *value) {
  if (json_array_append_new(array_at(j, key), value) == -1) j->failed = true;
}

static int cat_repaired(stralloc *out, struct text t) {
  uint32_t character;
  while (t.len) {
    size_t n = utf8_first(t, &character);
    if (!(n ? stralloc_catb(out, t.s, n) : stralloc_cats(out, "\xef\xbf\xbd"))) return -1;
    t.s += n ? n : 1;
    t.len -= n ? n : 1;
  }
  return 0;
}

static json_t *string_of(struct text t) {
  json_t *string = json_stringn(t.len ? t.s : "", t.len); /* refuses what is no UTF-8 */
  stralloc repaired = {0};
  if (string || cat_repaired(&repaired, t) == -1) return string;
  string = json_stringn(repaired.s, repaired.len);
  stralloc_free(&repaired);
  return string;
}

void jsonline_text(struct jsonline *j, const char *key, struct text t) {
  if (t.s) set(j, key, string_of(t));
}

void jsonline_string(struct jsonline *j, const char *key, const char *s) { jsonline_text(j, key, text_of(s)); }

void jsonline_number(struct jsonline *j, const char *key, uint64_t n) {
  set(j, key, json_integer(n < INT64_MAX ? (json_int_t)n : INT64_MAX));
}

void jsonline_flag(struct jsonline *j, const char *key, bool value) { set(j, key, json_boolean(value)); }

void jsonline_time(struct jsonline *j, const char *key, uint64_t wall_us) {
  time_t seconds = (time_t)(wall_us / 1000000u);
  struct tm parts;
  char date[64];
  if (wall_us && gmtime_r(&seconds, &parts) && strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &parts))
    jsonline_string(j, key, date);
}

void jsonline_array(struct jsonline *j, const char *key) { array_at(j, key); }

void jsonline_append(struct jsonline *j, const char *key, struct jsonline *child) {
  j->failed |= child->failed;
  append(j, key, child->object);
  child->object = NULL;
}

void jsonline_nest(struct jsonline *j, const char *key, struct jsonline *child) {
  j->failed |= child->failed;
  set(j, key, child->object);
  child->object = NULL;
}

void jsonline_append_text(struct jsonline *j, const char *key, struct text t) { append(j, key, string_of(t)); }

/* jansson leaves DEL as it is, which can stand in strings only. */
static int keep(const char *octets, size_t len, void *context) {
  const char *del = memchr(octets, 0x7f, len);
  if (!del) return stralloc_catb(context, octets, len) ? 0 : -1;
  size_t before = (size_t)(del - octets);
  if (!stralloc_catb(context, octets, before) || !stralloc_cats(context, "\\u007f")) return -1;
  return keep(del + 1, len - before - 1, context);
}

int jsonline_cat(stralloc *out, struct jsonline *j) {
  int r = -1;
  if (!j->failed) r = json_dump_callback(j->object, keep, out, JSON_COMPACT | JSON_ENSURE_ASCII);
  json_decref(j->object);
  *j = (struct jsonline){NULL, true};
  return r;
}

int jsonline_put(struct jsonline *j) {
  stralloc line = {0};
  int code = TOOL_OK;
  if (jsonline_cat(&line, j) == -1 || !stralloc_append(&line, "\n"))
    code = owlq_complain("unable to write JSON", "out of memory");
  else
    fwrite(line.s, 1, line.len, stdout);
  stralloc_free(&line);
  return code;
}
