#include "config.h"
#include "lib/list.h"
#include <stdlib.h>
#include <string.h>

static int compare_lines(const void *a, const void *b) {
  const struct list_line *x = a, *y = b;
  int r = text_compare_nocase(x->key, y->key);
  /* the later line first, so that it is the one that is kept */
  return r ? r : (x->key.s < y->key.s) - (x->key.s > y->key.s);
}

static size_t key_length(struct text line) {
  size_t i = 0;
  if (line.len && line.s[0] == '[') {
    const char *close = memchr(line.s, ']', line.len);
    if (close) i = (size_t)(close - line.s);
  }
  while (i < line.len && line.s[i] != ':') i++;
  return i;
}

static void add_key(struct list *l, struct text line) {
  l->lines[l->count++] = (struct list_line){line, TEXT_ABSENT};
}

static void add_pair(struct list *l, struct text line) {
  size_t n = key_length(line);
  if (n == line.len && !l->passed_over.s) l->passed_over = line;
  if (n == line.len) return;
  l->lines[l->count++] =
    (struct list_line){{line.s, n}, {line.s + n + 1, line.len - n - 1}};
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static struct text next_line(struct text *rest) {
  const char *newline = memchr(rest->s, '\n', rest->len);
  size_t len = newline ? (size_t)(newline - rest->s) : rest->len;
  size_t taken = newline ? len + 1 : len;
  struct text line = {rest->s, len};
  *rest = (struct text){rest->s + taken, rest->len - taken};
  while (line.len && is_blank(line.s[line.len - 1])) line.len--;
  return line;
}

static void drop_doubles(struct list *l) {
  size_t kept = 0;
  for (size_t i = 0; i < l->count; i++)
    if (kept == 0 || text_compare_nocase(l->lines[kept - 1].key, l->lines[i].key) != 0)
      l->lines[kept++] = l->lines[i];
  l->count = kept;
}

static int parse(struct list *l, struct text text, void (*add)(struct list *, struct text)) {
  size_t space = 1;
  *l = (struct list){0};
  if (text_cat(&l->octets, text) == -1) return -1;
  for (size_t i = 0; i < text.len; i++) space += text.s[i] == '\n';
  l->lines = calloc(space, sizeof *l->lines);
  if (!l->lines) return list_free(l), -1;
  for (struct text rest = text_of_stralloc(&l->octets); rest.len;) {
    struct text line = next_line(&rest);
    if (line.len && line.s[0] != '#') add(l, line);
  }
  qsort(l->lines, l->count, sizeof *l->lines, compare_lines);
  drop_doubles(l);
  return 0;
}

int list_parse(struct list *l, struct text text) { return parse(l, text, add_key); }
int list_parse_map(struct list *l, struct text text) { return parse(l, text, add_pair); }

const struct list_line *list_find(const struct list *l, struct text key) {
  size_t low = 0, high = l->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int r = text_compare_nocase(key, l->lines[middle].key);
    if (r == 0) return &l->lines[middle];
    if (r < 0) high = middle;
    else low = middle + 1;
  }
  return NULL;
}

const struct list_line *list_find_domain(const struct list *l, struct text domain) {
  const struct list_line *line = list_find(l, domain);
  for (size_t i = 1; !line && i < domain.len; i++)
    if (domain.s[i] == '.') line = list_find(l, (struct text){domain.s + i, domain.len - i});
  return line ? line : list_find(l, text_of(""));
}

void list_free(struct list *l) {
  free(l->lines);
  stralloc_free(&l->octets);
  *l = (struct list){0};
}
