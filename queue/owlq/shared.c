#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/exitcode.h"
#include "queue/owlq/owlq.h"

int owlq_complain(const char *what, const char *why) {
  fprintf(stderr, "owlq: %s: %s\n", what, why);
  return TOOL_SYSTEM;
}

int owlq_unable(const char *verb, const char *object) {
  fprintf(stderr, "owlq: unable to %s %s: %s\n", verb, object, strerror(errno));
  return TOOL_SYSTEM;
}

int owlq_usage(const char *text) {
  fprintf(stderr, "usage: owlq %s\n", text);
  return TOOL_USAGE;
}

int owlq_open_store(struct control *c, struct store *s) {
  stralloc folder = {0};
  int code = TOOL_OK;
  if (control_text(c, CONTROL_QUEUEDIR, &folder) == -1) return owlq_complain("configuration", c->error.s);
  if (store_open(s, folder.s) == -1) code = owlq_unable("open the queue", folder.s);
  stralloc_free(&folder);
  return code;
}
