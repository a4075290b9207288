#include "config.h"
#include "local/alias/lines.h"
#include <string.h>

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static struct text take_line(struct aliaslines *l) {
  const char *newline = memchr(l->rest.s, '\n', l->rest.len);
  struct text line = {l->rest.s, newline ? (size_t)(newline - l->rest.s) : l->rest.len};
  size_t taken = line.len + (newline != NULL);
  l->rest = (struct text){l->rest.s + taken, l->rest.len - taken};
  l->line++;
  return line;
}

static bool says_nothing(struct text line) {
  size_t i = 0;
  while (i < line.len && is_blank(line.s[i])) i++;
  return i == line.len || line.s[i] == '#';
}

/* The next line that says something, if it goes on with the one before. */
static bool take_continuation(struct aliaslines *l, struct text *line) {
  while (l->rest.len) {
    struct text before = l->rest;
    *line = take_line(l);
    if (says_nothing(*line)) continue;
    if (is_blank(line->s[0])) return true;
    l->rest = before;
    l->line--;
    return false;
  }
  return false;
}

static int join(struct aliaslines *l, struct text *line, struct text more) {
  stralloc_zero(&l->joined);
  if (text_cat(&l->joined, *line) == -1) return -1;
  do
    if (text_cat(&l->joined, more) == -1) return -1;
  while (take_continuation(l, &more));
  *line = text_of_stralloc(&l->joined);
  return 1;
}

int aliaslines_next(struct aliaslines *l, struct text *line, size_t *number) {
  struct text more;
  do {
    if (l->rest.len == 0) return 0;
    *line = take_line(l);
  } while (says_nothing(*line));
  *number = l->line;
  return !l->alone && take_continuation(l, &more) ? join(l, line, more) : 1;
}

void aliaslines_free(struct aliaslines *l) { stralloc_free(&l->joined); }
