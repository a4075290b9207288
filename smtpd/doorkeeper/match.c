#include "config.h"
#include "smtpd/doorkeeper/match.h"
#include <string.h>
#include "lib/address.h"

static struct text behind(struct text t, size_t n) { return (struct text){t.s + n, t.len - n}; }

static bool is_same(char a, char b) {
  return text_equal_nocase((struct text){&a, 1}, (struct text){&b, 1});
}

/* The last '*' alone is gone back to: an earlier one could only take more. */
bool match_pattern(struct text pattern, struct text text) {
  struct text star = TEXT_ABSENT, taken = TEXT_ABSENT;
  while (text.len) {
    if (pattern.len && pattern.s[0] == '*') {
      star = pattern = behind(pattern, 1);
      taken = text;
    } else if (pattern.len && is_same(pattern.s[0], text.s[0])) {
      pattern = behind(pattern, 1);
      text = behind(text, 1);
    } else if (star.s) {
      pattern = star;
      text = taken = behind(taken, 1);
    } else
      return false;
  }
  while (pattern.len && pattern.s[0] == '*') pattern = behind(pattern, 1);
  return pattern.len == 0;
}

static const struct list_line *find_pattern(const struct list *l, struct text wanted) {
  for (size_t i = 0; i < l->count; i++) {
    struct text key = l->lines[i].key;
    if (memchr(key.s, '*', key.len) && match_pattern(key, wanted)) return &l->lines[i];
  }
  return NULL;
}

static const struct list_line *find_above(const struct list *l, struct text domain) {
  const struct list_line *line = NULL;
  for (size_t i = 1; !line && i < domain.len; i++)
    if (domain.s[i] == '.') line = list_find(l, behind(domain, i));
  return line;
}

const struct list_line *match_address(const struct list *l, struct text address) {
  struct text local, domain;
  const struct list_line *line = list_find(l, address);
  if (!line && address_split(address, &local, &domain)) {
    struct text at_domain = {domain.s - 1, domain.len + 1};
    line = list_find(l, at_domain);
    if (!line) line = find_above(l, domain);
  }
  return line ? line : find_pattern(l, address);
}

const struct list_line *match_name(const struct list *l, struct text name) {
  const struct list_line *line = list_find(l, name);
  if (!line) line = find_above(l, name);
  return line ? line : find_pattern(l, name);
}

bool match_note(struct facts *f, const char *file, const struct list_line *line, struct text wanted) {
  fact_begin(f, file);
  fact_s(f, line ? "it has \"" : "it has no line for ");
  fact_t(f, line ? line->key : wanted);
  fact_s(f, line ? "\"" : "");
  fact_detail(f, "found", text_of(line ? "yes" : "no"));
  if (line) fact_detail(f, "key", line->key);
  fact_end(f);
  return line != NULL;
}
