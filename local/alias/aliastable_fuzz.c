/* Whatever the octets: what was taken can be written down in quotes and is read
 * again as the same, rows are in order and their names lower case; what is put
 * into the database is a list of values. */
#include "config.h"
#include <string.h>
#include "lib/address.h"
#include "lib/envelope.h"
#include "lib/fuzz.h"
#include "local/alias/table.h"

static void note(void *context, size_t line, const char *why, struct text at) {
  size_t *complaints = context;
  check(why && *why && (at.len == 0 || at.s) && line < 1 << 20);
  (*complaints)++;
}

static void check_value(const struct aliasvalue *v) {
  check(strlen(v->text.s) == v->text.len && v->text.len > 0);
  switch (v->kind) {
  case ALIASVALUE_ADDRESS: check(memchr(v->text.s, '@', v->text.len) != NULL); break;
  case ALIASVALUE_NAME:
  case ALIASVALUE_FINAL: check(!memchr(v->text.s, '@', v->text.len)); break;
  case ALIASVALUE_PROGRAM: check(!memchr(v->text.s, '\n', v->text.len)); return;
  case ALIASVALUE_FILE:
  case ALIASVALUE_INCLUDE: check(v->text.s[0] == '/' && v->text.len <= ALIASVALUE_PATH_MAX); break;
  }
  check(text_is_clean(v->text));
}

static void put_quoted(stralloc *out, struct text t, const char *sign) {
  check(stralloc_cats(out, "\"") && stralloc_cats(out, sign));
  for (size_t i = 0; i < t.len; i++) {
    if (strchr("\\\"", t.s[i])) check(stralloc_cats(out, "\\"));
    check(stralloc_append(out, t.s + i));
  }
  check(stralloc_cats(out, "\""));
}

static void write_value(stralloc *out, const struct aliasvalue *v) {
  switch (v->kind) {
  case ALIASVALUE_ADDRESS: {
    struct text local, domain;
    check(address_split(v->text, &local, &domain));
    put_quoted(out, local, "");
    check(stralloc_cats(out, "@") && text_cat(out, domain) == 0);
    break;
  }
  case ALIASVALUE_NAME:
  case ALIASVALUE_FILE: put_quoted(out, v->text, ""); break;
  case ALIASVALUE_FINAL: put_quoted(out, v->text, "\\\\"); break;
  case ALIASVALUE_PROGRAM: put_quoted(out, v->text, "|"); break;
  case ALIASVALUE_INCLUDE: put_quoted(out, v->text, ":include:"); break;
  }
  check(stralloc_cats(out, ",\n "));
}

static void write_again(stralloc *out, const struct aliastable *t) {
  for (size_t i = 0; i < t->count; i++) {
    struct text rest = t->rows[i].values;
    struct aliasvalue v;
    check(i == 0 || text_compare_nocase(t->rows[i - 1].name, t->rows[i].name) < 0);
    put_quoted(out, t->rows[i].name, "");
    check(stralloc_cats(out, ":"));
    int r;
    while ((r = aliasvalue_next(&rest, &v)) == 1) {
      check_value(&v);
      write_value(out, &v);
    }
    check(r == 0 && stralloc_cats(out, "\n"));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct aliastable t = {0}, again = {0};
  size_t complaints = 0;
  stralloc written = {0};
  int r = aliastable_parse(&t, fuzz_input(octets, size), note, &complaints);
  check((r == 0) == (complaints == 0));
  if (r == 0) {
    write_again(&written, &t);
    check(aliastable_parse(&again, text_of_stralloc(&written), note, &complaints) == 0);
    check(t.count == again.count);
    for (size_t i = 0; i < t.count; i++) {
      check(text_equal(t.rows[i].name, again.rows[i].name));
      check(text_equal(t.rows[i].values, again.rows[i].values));
    }
  }
  aliastable_free(&t);
  aliastable_free(&again);
  stralloc_free(&written);
  return 0;
}
