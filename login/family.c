#include "config.h"
#include "login/family.h"
#include <stdlib.h>
#include <string.h>

static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* "./Maildir/" is "Maildir". */
static struct text folder(const char *word) {
  struct text t = text_of(word);
  if (t.len > 2 && memcmp(t.s, "./", 2) == 0) t = (struct text){t.s + 2, t.len - 2};
  while (t.len > 1 && t.s[t.len - 1] == '/') t.len--;
  return t;
}

static int check_maildir(struct control *c, const char *word) {
  stralloc known = {0};
  int r = control_text(c, CONTROL_MAILBOXMAILDIR, &known);
  if (r == 0 && stralloc_0(&known) && !text_equal(folder(word), folder(known.s)))
    r = control_fail(c, CONTROL_MAILBOXMAILDIR, "the Maildir in the arguments is another one");
  stralloc_free(&known);
  return r;
}

/* The session's program and its Maildir, which are the last two, become true. */
static int check_program(struct control *c, char **words, size_t count) {
  static char last[] = "true";
  char **line = calloc(count, sizeof *line);
  if (!line) return control_fail(c, CONTROL_AUTHBACKEND, "out of memory");
  memcpy(line, words, (count - 2) * sizeof *line);
  line[count - 2] = last;
  int r = control_is_line(c, CONTROL_AUTHBACKEND, line);
  free(line);
  if (r == 0) return control_fail(c, CONTROL_AUTHBACKEND, "it is not the program in the arguments with true behind it");
  return r == 1 ? 0 : -1;
}

int family_check(struct control *c, char **words, const char *program, const char *under_qmail) {
  size_t count = 0;
  while (words[count]) count++;
  const char *last = count > 2 ? name_of(words[count - 2]) : "";
  if (strcmp(last, program) != 0 && strcmp(last, under_qmail) != 0)
    return control_fail(c, CONTROL_AUTHBACKEND, "the arguments are no program that checks, then the session's with its Maildir");
  return check_program(c, words, count) == 0 ? check_maildir(c, words[count - 1]) : -1;
}
