/* change.h - an order for messages: what was asked, and what became of it */
#ifndef OWL_OWLQ_CHANGE_H
#define OWL_OWLQ_CHANGE_H

#include <stdlib.h>
#include "queue/order.h"
#include "queue/owlq/filter.h"
#include "queue/owlq/ids.h"
#include "queue/owlq/progress.h"

struct change {
  enum order what;
  bool dry_run, yes, json, all;
  struct filter filter;
  struct ids ids;
  char *outcomes; /* owned; one enum outcome for each id, 0: not known */
  bool no_memory;
  struct progress progress;
};

/* change_parse(): TOOL_OK, or an exit code after it has said what is wrong. */
int change_parse(struct change *x, int argc, char **argv);

/* change_report(): prints what was done, or in a dry run what would be.  The
 * exit code: the given one, or TOOL_SYSTEM where something asked for by its id
 * is not there, or has failed. */
int change_report(const struct change *x, int code);

#endif
