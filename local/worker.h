/* worker.h - start a worker: find the user, become him, run owl-local
 *
 * All of it happens in a forked child, as a look-up may take long.  What stands
 * in the way is told to the runner on the worker's socket.
 */
#ifndef OWL_LOCAL_WORKER_H
#define OWL_LOCAL_WORKER_H

#include "local/settings.h"
#include "local/verdict.h"

struct worker_order {
  const char *program; /* path of owl-local */
  struct text address;
  int sock; /* to the runner; becomes the worker's descriptor 0; -1: only explain */
};

/* worker_start(): 0 when the child runs, or -1 when none could be had: then the
 * runner has been told.  The child ends by SIGALRM when the look-up does not
 * come to an end. */
int worker_start(const struct worker_order *order, const struct settings *s);

/* worker_explain(): the same as far as it goes without mail, in this process:
 * notes for v->facts, which must be written at once, how the user is found,
 * becomes him and runs owl-local, which notes the rest.  Returns only when that
 * does not happen, with the reason in *v.  Where deliveries have root and this
 * process has not, another user's home is left alone: *v is unknown. */
void worker_explain(const struct worker_order *order, const struct settings *s, struct verdict *v);

#endif
