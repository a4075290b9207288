/* batch.h - makes several whole messages durable together: all their files are synced at
 * one time, their folder once */
#ifndef OWL_QUEUED_BATCH_H
#define OWL_QUEUED_BATCH_H

#include "lib/syncall.h"
#include "queue/queued/guest.h"

enum { BATCH_MAX = SYNCALL_MAX };

/* batch_settle(): every guest of the list is GUEST_WHOLE, and is
 * answered; count is at most BATCH_MAX. */
void batch_settle(struct guest *const *list, size_t count, int queue_fd);

#endif
