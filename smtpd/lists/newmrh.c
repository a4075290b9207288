#include "config.h"
#include <string.h>
#include "smtpd/lists/list.h"

static const char *refuse(struct text line) {
  if (memchr(line.s, '@', line.len)) return "it is an address, not a domain";
  return NULL;
}

static int add(struct cdbfile_maker *m, const struct list *lines) {
  int r = 0;
  for (size_t i = 0; r == 0 && i < lines->count; i++) r = add_key(m, "", lines->lines[i].key);
  return r;
}

const struct cdb_list cdb_list = {"owl-newmrh", "morercpthosts", refuse, add};
