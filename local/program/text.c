#include "config.h"
#include "local/program/text.h"
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include "lib/exitcode.h"

void programtext_add(struct programtext *t, struct text piece) {
  if (piece.len > sizeof t->octets) {
    t->cut = true;
    piece = (struct text){piece.s + piece.len - sizeof t->octets, sizeof t->octets};
  }
  size_t keep = sizeof t->octets - piece.len;
  if (t->len > keep) {
    t->cut = true;
    memmove(t->octets, t->octets + t->len - keep, keep);
    t->len = keep;
  }
  if (piece.len) memcpy(t->octets + t->len, piece.s, piece.len);
  t->len += piece.len;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static bool goes_on(char c) { return ((unsigned char)c & 0xc0) == 0x80; } /* UTF-8 */

/* Without the blanks around it and, when it was cut, without half a character. */
static struct text trim(const struct programtext *t) {
  size_t start = 0, end = t->len;
  while (t->cut && start < end && goes_on(t->octets[start])) start++;
  while (start < end && is_blank(t->octets[start])) start++;
  while (end > start && is_blank(t->octets[end - 1])) end--;
  return (struct text){t->octets + start, end - start};
}

int programtext_cat(stralloc *out, const struct programtext *t) {
  struct text rest = trim(t);
  if (t->cut && !stralloc_cats(out, "...")) return -1;
  while (rest.len) {
    const char *newline = memchr(rest.s, '\n', rest.len);
    struct text line = {rest.s, newline ? (size_t)(newline - rest.s) : rest.len};
    size_t used = newline ? line.len + 1 : line.len;
    if (line.len && line.s[line.len - 1] == '\r') line.len--;
    if (text_cat_cleaned(out, line) == -1 || (newline && !stralloc_cats(out, "/"))) return -1;
    rest = (struct text){rest.s + used, rest.len - used};
  }
  return 0;
}

/* Exit codes that mean something, with what RFC 3463 has for it.  Others are
 * deferrals. */
static const struct meaning {
  int code;
  bool permanent;
  const char *status;
} meanings[] = {
  {DELIVERY_FAILURE, true, "5.3.0"},
  {64, true, "5.3.5"},  /* EX_USAGE */
  {65, true, "5.6.0"},  /* EX_DATAERR */
  {67, false, "4.1.1"}, /* EX_NOUSER */
  {68, false, "4.1.2"}, /* EX_NOHOST */
  {70, true, "5.3.0"},  /* EX_SOFTWARE */
  {73, false, "4.2.0"}, /* EX_CANTCREAT */
  {76, true, "5.5.0"},  /* EX_PROTOCOL */
  {77, true, "5.7.1"},  /* EX_NOPERM */
  {78, true, "5.3.5"},  /* EX_CONFIG */
  {112, true, "5.3.0"},
  {0, false, "4.3.0"},
};

static const struct meaning *find_meaning(int code) {
  const struct meaning *m = meanings;
  while (m->code && m->code != code) m++;
  return m;
}

static int decide(struct verdict *v, const struct meaning *m, const char *text, const char *object) {
  return m->permanent ? verdict_fail(v, m->status, text, object)
                      : verdict_defer(v, m->status, text, object);
}

/* A signal's end has code 0 here, which means nothing. */
static void tell_silent(int status, const struct meaning *m, struct verdict *v) {
  char number[32];
  bool died = WIFSIGNALED(status);
  snprintf(number, sizeof number, "%d", died ? WTERMSIG(status) : WEXITSTATUS(status));
  decide(v, m, died ? "the program died of signal " : "the program ended with exit code ", number);
}

static enum program_end fail(const struct programtext *t, int status, struct verdict *v) {
  const struct meaning *m = find_meaning(WIFEXITED(status) ? WEXITSTATUS(status) : 0);
  stralloc words = {0};
  if (programtext_cat(&words, t) == 0 && words.len && stralloc_0(&words)) decide(v, m, words.s, "");
  else tell_silent(status, m, v);
  stralloc_free(&words);
  return PROGRAM_FAILED;
}

enum program_end programtext_judge(const struct programtext *t, int status, stralloc *said,
                                   struct verdict *v) {
  bool done = WIFEXITED(status) && (WEXITSTATUS(status) == DELIVERY_OK || WEXITSTATUS(status) == DELIVERY_STOP);
  if (!done) return fail(t, status, v);
  /* without memory it is silent, and has done its work all the same */
  if (t->len && said->len) (void)stralloc_cats(said, "/");
  (void)programtext_cat(said, t);
  return WEXITSTATUS(status) == DELIVERY_OK ? PROGRAM_DONE : PROGRAM_STOP;
}
