#include "config.h"
#include "queue/owlq/metricfamily.h"
#include <stdio.h>
#include "lib/exitcode.h"
#include "queue/owlq/owlq.h"
#include "queue/owlq/utf8.h"

#define PREFIX "owlpost_"

void family_begin(struct family *f, const char *name, const char *type, const char *help) {
  f->name = name;
  if (!f->json) {
    printf("# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
    return;
  }
  stralloc whole = {0};
  jsonline_begin(&f->line);
  if (!stralloc_cats(&whole, PREFIX) || !stralloc_cats(&whole, name)) f->line.failed = true;
  jsonline_text(&f->line, "name", text_of_stralloc(&whole));
  jsonline_string(&f->line, "type", type);
  jsonline_string(&f->line, "help", help);
  jsonline_array(&f->line, "samples");
  stralloc_free(&whole);
}

/* What is no UTF-8, or not safe on a terminal, is shown by its octets: two names
 * that differ must not give the same label, which would spoil the whole answer. */
static int cat_shown(stralloc *out, struct text t) {
  uint32_t character;
  char octet[8];
  while (t.len) {
    size_t n = utf8_first(t, &character);
    bool safe = n && utf8_is_safe(character) && *t.s != '\\';
    if (!safe) n = 1;
    if (!safe) snprintf(octet, sizeof octet, "\\x%02x", (unsigned char)*t.s);
    if (!(safe ? stralloc_catb(out, t.s, n) : stralloc_cats(out, octet))) return -1;
    t.s += n;
    t.len -= n;
  }
  return 0;
}

static void print_labels(const struct label *l) {
  stralloc shown = {0};
  for (const char *before = "{"; l->name; before = ",", l++) {
    stralloc_zero(&shown);
    printf("%s%s=\"", before, l->name);
    if (cat_shown(&shown, l->value) == -1) owlq_complain("a label", "out of memory");
    for (size_t i = 0; i < shown.len; i++) {
      if (shown.s[i] == '\\' || shown.s[i] == '"') putchar('\\');
      putchar(shown.s[i]);
    }
    putchar('"');
  }
  putchar('}');
  stralloc_free(&shown);
}

static void append_sample(struct family *f, const struct label *l, uint64_t value) {
  struct jsonline sample, labels;
  stralloc shown = {0};
  jsonline_begin(&sample);
  jsonline_begin(&labels);
  for (; l && l->name; l++) {
    stralloc_zero(&shown);
    if (cat_shown(&shown, l->value) == -1) f->line.failed = true;
    jsonline_text(&labels, l->name, text_of_stralloc(&shown));
  }
  jsonline_nest(&sample, "labels", &labels);
  jsonline_number(&sample, "value", value);
  jsonline_append(&f->line, "samples", &sample);
  stralloc_free(&shown);
}

void family_sample(struct family *f, const struct label *labels, uint64_t value) {
  if (f->json) {
    append_sample(f, labels, value);
    return;
  }
  printf(PREFIX "%s", f->name);
  if (labels) print_labels(labels);
  printf(" %llu\n", (unsigned long long)value);
}

void family_end(struct family *f) {
  int code = f->json ? jsonline_put(&f->line) : TOOL_OK;
  if (f->code == TOOL_OK) f->code = code;
}
