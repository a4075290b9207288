/* owner.h - owlq in the runner's place, while there is none
 *
 * Root writes in no folder that others own: what root is asked to change in the
 * queue is changed as the queue's owner, so that it has the right owner, too.
 */
#ifndef OWL_OWLQ_OWNER_H
#define OWL_OWLQ_OWNER_H

#include "queue/store.h"

/* owner_become(): 0, or -1 with errno.  Whoever is not root stays who he is. */
int owner_become(int queue_fd);
void owner_end(void);

/* owner_lock(): takes the runner's lock, which goes with the store.  TOOL_OK,
 * or an exit code after it has said why not. */
int owner_lock(struct store *s);

#endif
