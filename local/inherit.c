#include "config.h"
#include "local/inherit.h"
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

int inherit_environment(struct environment *e) {
  if (add_path(e) == -1) return -1;
  for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++) {
    const char *value = getenv(passed_on[i]);
    if (value && environment_add(e, passed_on[i], text_of(value)) == -1) return -1;
  }
  return 0;
}
