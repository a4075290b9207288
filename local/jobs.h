/* jobs.h - take jobs from the runner and deliver them (owlpost-agent(7))
 *
 * Jobs that have come already, at most AGENT_JOBS_AHEAD, are one batch
 * (local/batch.h); each recipient's result is sent when it is durable.  Frames
 * come from the runner, and are checked all the same.
 */
#ifndef OWL_LOCAL_JOBS_H
#define OWL_LOCAL_JOBS_H

#include "local/mailbox.h"

enum jobs_end {
  JOBS_DONE,     /* CLOSE or end of file: everything that came has been done */
  JOBS_MALFORMED,
  JOBS_ERROR     /* errno; the runner defers what has not been reported */
};

enum jobs_end jobs_serve(int sock, const struct mailbox *box);

#endif
