#include "config.h"
#include "local/alias/table.h"
#include <stdlib.h>
#include "lib/room.h"
#include "local/alias/lines.h"
#include "local/alias/loop.h"

struct parser {
  struct aliastable *t;
  aliastable_complain *complain;
  void *context;
  bool failed;
};

static void fail(struct parser *p, size_t line, const char *why, struct text at) {
  p->failed = true;
  p->complain(p->context, line, why, at);
}

/* Views into the octets stay good, for there is room for all.  Of a value in
 * the file come its octets and two more, for which there are a colon or comma
 * and, for the last one, the end of the line. */
static int make_room(stralloc *octets, size_t source_len) {
  return stralloc_ready(octets, 3 * source_len + 3) ? 0 : -1;
}

static int add_row(struct aliastable *t, struct aliasrow row) {
  if (room_make(&t->rows, t->count, &t->space, sizeof *t->rows, 64) == -1) return -1;
  t->rows[t->count++] = row;
  return 0;
}

static struct text since(const stralloc *octets, size_t start) {
  return (struct text){octets->s + start, octets->len - start};
}

static int parse_values(struct aliastable *t, struct text source, struct aliasrow *row, struct aliasfault *f) {
  size_t start = t->octets.len;
  if (aliasvalue_parse(&t->octets, source, f) == -1) return -1;
  row->values = since(&t->octets, start);
  if (row->values.len) return 0;
  *f = (struct aliasfault){"an alias without a value", row->name};
  return -1;
}

static int parse_name(struct aliastable *t, struct text source, struct aliasrow *row, struct aliasfault *f) {
  size_t start = t->octets.len;
  if (aliasvalue_parse_name(&t->octets, source, f) == -1) return -1;
  aliasvalue_lower(t->octets.s + start, t->octets.len - start);
  row->name = since(&t->octets, start);
  return 0;
}

static int parse_row(struct aliastable *t, struct text line, struct aliasrow *row, struct aliasfault *f) {
  size_t colon = aliasvalue_name_len(line);
  *f = (struct aliasfault){"a line that starts with a blank, but no line before it", line};
  if (line.s[0] == ' ' || line.s[0] == '\t') return -1;
  *f = (struct aliasfault){"no colon", line};
  if (colon == line.len) return -1;
  if (parse_name(t, (struct text){line.s, colon}, row, f) == -1) return -1;
  return parse_values(t, (struct text){line.s + colon + 1, line.len - colon - 1}, row, f);
}

static void take_line(struct parser *p, struct text line, size_t number) {
  struct aliasrow row = {.line = number};
  struct aliasfault f;
  if (parse_row(p->t, line, &row, &f) == -1)
    fail(p, number, f.why, f.at);
  else if (add_row(p->t, row) == -1)
    fail(p, number, "out of memory", TEXT_ABSENT);
}

static int compare(const void *a, const void *b) {
  const struct aliasrow *x = a, *y = b;
  int order = text_compare_nocase(x->name, y->name);
  if (order) return order;
  return x->line < y->line ? -1 : x->line > y->line;
}

static void complain_of_doubles(struct parser *p) {
  const struct aliastable *t = p->t;
  for (size_t i = 1; i < t->count; i++)
    if (text_equal(t->rows[i - 1].name, t->rows[i].name))
      fail(p, t->rows[i].line, "a name that has its line already", t->rows[i].name);
}

int aliastable_parse(struct aliastable *t, struct text source, aliastable_complain *complain, void *context) {
  struct parser p = {t, complain, context, false};
  struct aliaslines lines = {.rest = source};
  struct text line;
  size_t number = 0;
  int r = make_room(&t->octets, source.len) == 0 ? 1 : -1;
  while (r == 1 && (r = aliaslines_next(&lines, &line, &number)) == 1) take_line(&p, line, number);
  aliaslines_free(&lines);
  if (r == -1) fail(&p, number, "out of memory", TEXT_ABSENT);
  if (t->count) qsort(t->rows, t->count, sizeof *t->rows, compare);
  complain_of_doubles(&p);
  if (!p.failed && aliasloop_check(t, complain, context) == -1) p.failed = true;
  return p.failed ? -1 : 0;
}

struct aliasrow *aliastable_find(const struct aliastable *t, struct text name) {
  size_t first = 0, end = t->count;
  while (first < end) {
    size_t middle = first + (end - first) / 2;
    int order = text_compare_nocase(name, t->rows[middle].name);
    if (order == 0) return &t->rows[middle];
    if (order < 0) end = middle;
    else first = middle + 1;
  }
  return NULL;
}

void aliastable_free(struct aliastable *t) {
  stralloc_free(&t->octets);
  free(t->rows);
  *t = (struct aliastable){0};
}
