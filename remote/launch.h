/* launch.h - start an owl-remote for a worker's socket */
#ifndef OWL_LAUNCH_H
#define OWL_LAUNCH_H

#include "lib/agent.h"

enum { LAUNCH_FD = 0 }; /* where the agent has its socket */

struct launch {
  const char *program; /* its path */
  int deadlist;        /* remote/deadlist.h, or -1 */
};

/* launch_exec(): becomes owl-remote; asks_only:
 * one that asks about recipients and sends nothing.  Returns only when it
 * cannot, with errno. */
void launch_exec(const struct launch *l, const struct agent_worker *w, int sock, bool asks_only);

#endif
