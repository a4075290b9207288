/* What is quoted in pieces is what is quoted whole, and comes back unquoted. */
#include "config.h"
#include "local/store/fromquote.h"
#include <string.h>
#include "lib/fuzz.h"

static void quote(stralloc *out, const char *s, size_t len, size_t at) {
  struct fromquote q = {0};
  check(fromquote_add(&q, out, (struct text){s, at}) == 0);
  check(fromquote_add(&q, out, (struct text){s + at, len - at}) == 0);
  check(fromquote_end(&q, out) == 0);
}

/* true: the line is quoted */
static int unquote(stralloc *out, const char *line, size_t len) {
  size_t marks = 0;
  while (marks < len && line[marks] == '>') marks++;
  int quoted = marks && len - marks >= 5 && memcmp(line + marks, "From ", 5) == 0;
  check(quoted || len < 5 || memcmp(line, "From ", 5) != 0);
  return stralloc_catb(out, line + quoted, len - (size_t)quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  stralloc whole = {0}, parts = {0}, back = {0};
  const char *s = (const char *)data;
  quote(&whole, s, size, 0);
  quote(&parts, s, size, size / 2);
  check(text_equal(text_of_stralloc(&whole), text_of_stralloc(&parts)));
  size_t end = whole.len - 1; /* the empty line */
  check(whole.s[end] == '\n' && (end == 0 || whole.s[end - 1] == '\n'));
  for (size_t at = 0; at < end;) {
    size_t len = (size_t)((char *)memchr(whole.s + at, '\n', end - at) - (whole.s + at)) + 1;
    check(unquote(&back, whole.s + at, len));
    at += len;
  }
  check(back.len == size || back.len == size + 1);
  check(size == 0 || memcmp(back.s, data, size) == 0);
  stralloc_free(&whole);
  stralloc_free(&parts);
  stralloc_free(&back);
  return 0;
}
