/* mend.h - what can be wrong with a message's files, and putting it right
 *
 * Used by owlq check, and by the runner for owlq check --repair.  Reading the
 * body costs as much as the message is long.
 */
#ifndef OWL_MEND_H
#define OWL_MEND_H

#include "queue/order.h"

/* mend_look_at_message(): fd is open on it.  NULL when it checks, or why not;
 * *error is errno where it could not be read, otherwise 0. */
const char *mend_look_at_message(int fd, int *error);

enum log_state {
  LOG_WHOLE,
  LOG_TORN, /* a tail that does not check, as a crash can leave it */
  LOG_ALIEN /* no log at all */
};

/* mend_look_at_log(): *keep is the length of the part that checks. */
enum log_state mend_look_at_log(struct text log, uint64_t *keep);

/* mend_message(): a message in both places leaves todo/; a log without a message
 * goes; a torn tail is cut; what does not check goes to bad/.  OUTCOME_DONE:
 * something was mended; OUTCOME_ALREADY: nothing was wrong; OUTCOME_GONE: there
 * is neither message nor log.  *set_aside: it lies in bad/ now. */
enum outcome mend_message(struct store *s, const struct queueid *id, bool *set_aside);

#endif
