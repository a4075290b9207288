/* follow.h - messages as they come into a list, change, and leave it
 *
 * The kernel tells what happens in the queue's folders (inotify(7)).  What comes
 * to fit the filter comes, what fits it no longer leaves: most often because it
 * has been delivered or returned.  When more happens than the kernel keeps for
 * us, the whole queue is looked through again.
 */
#ifndef OWL_OWLQ_FOLLOW_H
#define OWL_OWLQ_FOLLOW_H

#include "queue/owlq/idset.h"
#include "queue/owlq/select.h"

struct follower {
  int fd;
  struct idset known; /* what is on the list */
  struct selection selection;
  /* m is NULL for one that left; -1: enough */
  int (*happened)(void *context, const char *event, const struct queueid *id, const struct selected *m);
  void *context;
  /* while one message is looked at */
  const struct queueid *id;
  bool changed, found, enough;
};

/* follow_open(): watches from now on; the caller then lists what is there and
 * adds it to known, so that nothing is missed in between.  Filter, happened and
 * context must be set before follow_step().  An exit code. */
int follow_open(struct follower *f, struct store *s, const struct filter *filter);

/* follow_step(): reports what has happened by now; waits for something when
 * wait is true.  1, 0 when it is enough or standard output has been closed, or
 * -1 with errno. */
int follow_step(struct follower *f, bool wait);

void follow_close(struct follower *f);

#endif
