#include "config.h"
#include "local/environment.h"
#include <stdlib.h>
#include "lib/control.h"

static const char *const passed_on[] = {"OWLPOST_CONTROL", "OWLPOST_LIBEXEC", "QMAILLOCAL", "QMAILQUEUE", "ERROR_FD",
                                        "TZ"};

/* Programs that .qmail files of qmail start lie in a folder of their own. */
static int add_path(struct environment *e) {
  stralloc path = {0};
  int r = program_path(&path, "dotqmail");
  if (r == 0) {
    path.len = text_of(path.s).len;
    r = stralloc_cats(&path, ":/usr/local/bin:/usr/bin:/bin") ? environment_add(e, "PATH", text_of_stralloc(&path)) : -1;
  }
  stralloc_free(&path);
  return r;
}

int environment_begin(struct environment *e) {
  if (add_path(e) == -1) return -1;
  for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++) {
    const char *value = getenv(passed_on[i]);
    if (value && environment_add(e, passed_on[i], text_of(value)) == -1) return -1;
  }
  return 0;
}

int environment_add(struct environment *e, const char *name, struct text value) {
  if (!value.s) return 0;
  if (e->count == ENVIRONMENT_MAX) return -1;
  stralloc *line = &e->texts[e->count];
  if (!stralloc_copys(line, name) || !stralloc_cats(line, "=") || text_cat(line, value) == -1 || !stralloc_0(line))
    return -1;
  e->list[e->count++] = line->s;
  e->list[e->count] = NULL;
  return 0;
}

int environment_add_u(struct environment *e, const char *name, uint64_t value) {
  stralloc digits = {0};
  int r = value ? text_cat_uint(&digits, value) : 0;
  if (value && r == 0) r = environment_add(e, name, text_of_stralloc(&digits));
  stralloc_free(&digits);
  return r;
}

void environment_free(struct environment *e) {
  for (size_t i = 0; i < ENVIRONMENT_MAX; i++) stralloc_free(&e->texts[i]);
  *e = (struct environment){0};
}
