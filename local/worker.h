/* worker.h - start a worker: find the user, become him, run owl-local
 *
 * All of it happens in a forked child, as a look-up may take long.  What stands
 * in the way is told to the runner on the worker's socket.
 */
#ifndef OWL_LOCAL_WORKER_H
#define OWL_LOCAL_WORKER_H

#include "local/settings.h"

struct worker_order {
  const char *program; /* path of owl-local */
  struct text address;
  int sock; /* to the runner; becomes the worker's descriptor 0 */
};

/* worker_start(): 0 when the child runs, or -1 when none could be had: then the
 * runner has been told.  The child ends by SIGALRM when the look-up does not
 * come to an end. */
int worker_start(const struct worker_order *order, const struct settings *s);

#endif
