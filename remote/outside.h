/* outside.h - run a site's own program on a message
 *
 * Descriptor 0 is the message, from its start; 1 a memory file; 2 the log;
 * there are no others.  It is in a session of its own, and killed with it when
 * the runner goes away: what it does then could not be reported.
 */
#ifndef OWL_OUTSIDE_H
#define OWL_OUTSIDE_H

#include "lib/agent.h"

struct outside {
  char *const *arguments; /* the first is its path, NULL the last */
  int message;            /* a file */
  int runner;             /* a socket */
};

/* outside_run(): its exit code, or CHILD_NO_CODE (lib/child.h).  *out is the file with what
 * it has said, at its start; the caller closes it; -1: there is none. */
int outside_run(const struct outside *o, int *out);

/* outside_message(): the body of a job as a file: fd, when there is one, else a
 * new one, which the caller closes.  -1 with errno. */
int outside_message(const struct agent_job *job, int fd);

#endif
