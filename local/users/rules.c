#include "config.h"
#include "local/users/rules.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "lib/iofd.h"

static int fail(struct control *c, const char *name, const char *reason) {
  snprintf(c->error.s, c->error.a, "unable to read %s/users/%s: %s", c->folder.s, name, reason);
  c->error.len = strlen(c->error.s) + 1;
  return -1;
}

/* 1: read; 0: there is no such file; -1: failed */
static int slurp(struct control *c, const char *name, stralloc *out) {
  stralloc path = {0};
  bool good = stralloc_copys(&path, c->folder.s) && stralloc_cats(&path, "/users/") &&
              stralloc_cats(&path, name) && stralloc_0(&path);
  int r = good ? io_slurp_file(path.s, out, CONTROL_FILE_MAX) : -1;
  int number = good ? errno : ENOMEM;
  stralloc_free(&path);
  if (r == 0) return 1;
  return number == ENOENT ? 0 : fail(c, name, strerror(number));
}

static int load_list(struct control *c, const char *name, int (*parse)(struct list *, struct text),
                     struct list *out) {
  stralloc octets = {0};
  int r = slurp(c, name, &octets);
  if (r == 1 && parse(out, text_of_stralloc(&octets)) == -1) r = fail(c, name, "out of memory");
  stralloc_free(&octets);
  return r;
}

int rules_load(struct rules *r, struct control *c) {
  int included = load_list(c, "include", list_parse, &r->include);
  r->has_include = included == 1;
  if (included == -1 || load_list(c, "exclude", list_parse, &r->exclude) == -1 ||
      load_list(c, "mailnames", list_parse_map, &r->mailnames) == -1)
    return -1;
  return slurp(c, "subusers", &r->subusers) == -1 || slurp(c, "append", &r->append) == -1 ? -1 : 0;
}

bool rules_allow(const struct rules *r, struct text user) {
  return (!r->has_include || list_find(&r->include, user)) && !list_find(&r->exclude, user);
}

void rules_free(struct rules *r) {
  list_free(&r->include);
  list_free(&r->exclude);
  list_free(&r->mailnames);
  stralloc_free(&r->subusers);
  stralloc_free(&r->append);
}
