/* notes.h - what owlq has done while no runner could log it
 *
 * A file of the queue's folder, orders: log lines, which the runner logs when
 * it starts, and takes away.  Written by whoever has the queue's lock.
 */
#ifndef OWL_NOTES_H
#define OWL_NOTES_H

#include "lib/log.h"
#include "queue/order.h"

/* notes_cat(): appends "order: hold msg N by uid U".  0, or -1 without memory. */
int notes_cat(stralloc *out, enum order what, const struct queueid *id, uint64_t uid);

/* notes_write(): behind what is there.  0, or -1 with errno. */
int notes_write(int queue_fd, const stralloc *lines);

/* notes_log(): logs them and takes the file away.  0, or -1 with errno. */
int notes_log(int queue_fd, struct log *l);

#endif
