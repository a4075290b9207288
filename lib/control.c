#include "config.h"
#include "lib/control.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "lib/iofd.h"

enum { REASON_OCTETS = 256 }; /* a name and what is wrong with it */

bool environment_is_trusted(void) { return getauxval(AT_SECURE) == 0; }

static const char *from_environment(const char *name, const char *otherwise) {
  const char *value = environment_is_trusted() ? getenv(name) : NULL;
  return value && *value ? value : otherwise;
}

int program_path(stralloc *out, const char *name) {
  if (!stralloc_copys(out, from_environment("OWLPOST_LIBEXEC", LIBEXEC_DIR))) return -1;
  return stralloc_cats(out, "/") && stralloc_cats(out, name) && stralloc_0(out) ? 0 : -1;
}

int control_open(struct control *c) {
  *c = (struct control){0};
  if (!stralloc_copys(&c->folder, from_environment("OWLPOST_CONTROL", CONTROL_DIR))) return -1;
  if (!stralloc_0(&c->folder)) return -1;
  /* reserved now, so that a failure for want of memory can be told */
  if (!stralloc_ready(&c->error, c->folder.len + REASON_OCTETS)) return -1;
  c->error.s[0] = 0;
  return 0;
}

int control_fail(struct control *c, enum control_name name, const char *reason) {
  snprintf(c->error.s, c->error.a, "unable to read %s/%s: %s", c->folder.s,
           control_table[name].name, reason);
  c->error.len = strlen(c->error.s) + 1;
  return -1;
}

int control_fail_line(struct control *c, enum control_name name, struct text line, const char *reason) {
  enum { SHOWN_MAX = 100 };
  char whole[REASON_OCTETS - 80];
  int len = (int)(line.len > SHOWN_MAX ? SHOWN_MAX : line.len);
  snprintf(whole, sizeof whole, "line \"%.*s\": %s", len, line.len ? line.s : "", reason);
  return control_fail(c, name, whole);
}

static int cat_path(const struct control *c, enum control_name name, stralloc *path) {
  return stralloc_copys(path, c->folder.s) && stralloc_cats(path, "/") &&
             stralloc_cats(path, control_table[name].name) && stralloc_0(path)
           ? 0
           : -1;
}

/* 1: read; 0: no such file; -1: failed.  A folder that is missing is a mistake in
 * its name rather than a wish for defaults. */
static int slurp(struct control *c, enum control_name name, stralloc *out) {
  stralloc path = {0};
  int r = -1;
  stralloc_zero(out);
  if (cat_path(c, name, &path) == 0) {
    if (io_slurp_file(path.s, out, CONTROL_FILE_MAX) == 0) r = 1;
    else r = errno == ENOENT && access(c->folder.s, F_OK) == 0 ? 0 : control_fail(c, name, strerror(errno));
  } else
    control_fail(c, name, "out of memory");
  stralloc_free(&path);
  return r;
}

static int host_name(stralloc *out) {
  struct utsname u;
  if (uname(&u) == -1 || !*u.nodename || strcmp(u.nodename, "(none)") == 0) return -1;
  return stralloc_copys(out, u.nodename) ? 0 : -1;
}

static enum control_name named(const char *name, size_t len) {
  for (unsigned i = 0; i < CONTROL_COUNT; i++)
    if (strlen(control_table[i].name) == len && memcmp(control_table[i].name, name, len) == 0)
      return (enum control_name)i;
  return CONTROL_ME;
}

/* *name becomes the file that the value came from, or the last of the chain. */
static int value_or_default(struct control *c, enum control_name *name, stralloc *out) {
  const char *last = NULL; /* of "=NAME|VALUE" */
  for (;;) {
    const char *fallback = last ? last : control_table[*name].fallback;
    int r = slurp(c, *name, out);
    if (r != 0) return r == 1 ? 0 : -1;
    if (strcmp(fallback, "=hostname") == 0)
      return host_name(out) == 0 ? 0 : control_fail(c, *name, "there is none, and no host name");
    if (*fallback != '=')
      return stralloc_copys(out, fallback) ? 0 : control_fail(c, *name, "out of memory");
    size_t len = strcspn(fallback + 1, "|");
    *name = named(fallback + 1, len);
    if (fallback[1 + len]) last = fallback + 1 + len + 1;
  }
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* The first line, without trailing blanks. */
static void first_line(stralloc *s) {
  const char *newline = s->len ? memchr(s->s, '\n', s->len) : NULL;
  if (newline) s->len = (size_t)(newline - s->s);
  while (s->len && is_blank(s->s[s->len - 1])) s->len--;
}

/* name is the file that the value came from. */
static int check_text(struct control *c, enum control_name name, struct text value) {
  if (!text_is_clean(value)) return control_fail(c, name, "it holds a control octet");
  if (name == CONTROL_ME && value.len == 0) return control_fail(c, name, "it is empty");
  return 0;
}

int control_text(struct control *c, enum control_name name, stralloc *out) {
  if (value_or_default(c, &name, out) == -1) return -1;
  first_line(out);
  if (check_text(c, name, text_of_stralloc(out)) == -1) return -1;
  if (!stralloc_0(out)) return control_fail(c, name, "out of memory");
  out->len--;
  return 0;
}

/* So that sums of times, and offsets in files, cannot overflow. */
static uint64_t greatest(enum control_type type) {
  return type == CONTROL_OCTETS ? INT64_MAX : UINT32_MAX;
}

int control_number(struct control *c, enum control_name name, uint64_t *out) {
  stralloc text = {0};
  int r = control_text(c, name, &text);
  if (r == 0 && text_uint(text_of_stralloc(&text), out) == -1)
    r = control_fail(c, name, "it is not a number");
  if (r == 0 && *out > greatest(control_table[name].type))
    r = control_fail(c, name, "the number is too great");
  stralloc_free(&text);
  return r;
}

static int check_lines(struct control *c, enum control_name name, const struct list *l) {
  for (size_t i = 0; i < l->count; i++)
    if (!text_is_clean(l->lines[i].key) || !text_is_clean(l->lines[i].value))
      return control_fail(c, name, "it holds a control octet");
  return 0;
}

static int parse(struct list *out, enum control_type type, struct text text) {
  return type == CONTROL_MAP ? list_parse_map(out, text) : list_parse(out, text);
}

int control_list(struct control *c, enum control_name name, struct list *out) {
  stralloc text = {0};
  enum control_name from = name;
  int r = value_or_default(c, &from, &text);
  *out = (struct list){0};
  if (from != name) first_line(&text); /* the default is one line, whatever stands below it */
  if (r == 0 && from == CONTROL_ME) r = check_text(c, from, text_of_stralloc(&text));
  if (r == 0 && parse(out, control_table[name].type, text_of_stralloc(&text)) == -1)
    r = control_fail(c, name, "out of memory");
  if (r == 0 && (r = check_lines(c, from, out)) == -1) list_free(out);
  stralloc_free(&text);
  return r;
}

int control_exists(struct control *c, enum control_name name) {
  stralloc text = {0};
  int r = slurp(c, name, &text);
  stralloc_free(&text);
  return r;
}

static int join(stralloc *line, char *const *words) {
  for (char *const *w = words; *w; w++)
    if ((w > words && !stralloc_cats(line, " ")) || !stralloc_cats(line, *w)) return -1;
  return 0;
}

int control_is_line(struct control *c, enum control_name name, char *const *words) {
  stralloc said = {0}, known = {0};
  int r = control_text(c, name, &known);
  if (r == 0 && join(&said, words) == -1) r = control_fail(c, name, "out of memory");
  if (r == 0) r = text_equal(text_of_stralloc(&said), text_of_stralloc(&known));
  stralloc_free(&said);
  stralloc_free(&known);
  return r;
}

int control_is_private(struct control *c, enum control_name name) {
  stralloc path = {0};
  struct stat st;
  int r;
  if (cat_path(c, name, &path) == -1) r = control_fail(c, name, "out of memory");
  else if (stat(path.s, &st) == 0) r = !(st.st_mode & S_IROTH);
  else r = errno == ENOENT ? 1 : control_fail(c, name, strerror(errno));
  stralloc_free(&path);
  return r;
}

void control_free(struct control *c) {
  stralloc_free(&c->folder);
  stralloc_free(&c->error);
}
