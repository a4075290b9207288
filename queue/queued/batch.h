/* batch.h - makes several whole messages durable with one sync of their folder */
#ifndef OWL_QUEUED_BATCH_H
#define OWL_QUEUED_BATCH_H

#include "queue/queued/guest.h"

/* batch_settle(): every guest of the list is GUEST_WHOLE, and is answered. */
void batch_settle(struct guest *const *list, size_t count, int queue_fd);

#endif
