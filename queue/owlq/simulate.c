#include "config.h"
#include <stdlib.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "queue/owlq/owlq.h"

/* The runner's code is in a program of its own. */
int owlq_simulate(struct control *c, int argc, char **argv) {
  stralloc path = {0};
  (void)c, (void)argc;
  if (program_path(&path, "owl-simulate") == -1) return owlq_complain("unable to start", "out of memory");
  execv(path.s, argv);
  int code = owlq_unable("start", path.s);
  stralloc_free(&path);
  return code;
}
