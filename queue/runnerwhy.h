/* runnerwhy.h - why a message is not delivered now, as the runner sees it */
#ifndef OWL_RUNNERWHY_H
#define OWL_RUNNERWHY_H

#include "lib/ctlwhy.h"
#include "queue/runner.h"

/* runner_why(): changes nothing.  Texts point into the runner and are valid
 * until it works again. */
struct ctl_why runner_why(const struct runner *r, const struct queueid *id);

#endif
