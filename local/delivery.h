/* delivery.h - one message for one recipient, on its way into Maildirs
 *
 * Files are staged in tmp/ first and published (synced, moved to new/, new/
 * synced) later: at once by a program that must find what stands before it, or
 * together with other messages (local/batch.h).  Until it is reported what was
 * delivered can be taken back, as far as it is still in new/.
 */
#ifndef OWL_LOCAL_DELIVERY_H
#define OWL_LOCAL_DELIVERY_H

#include "local/item.h"
#include "local/store/maildir.h"
#include "local/plan.h"
#include "local/store/quotas.h"

struct delivery {
  uint64_t job, index;
  struct verdict verdict; /* of success, once it is settled */
  uint64_t action;        /* enum result_action */
  bool failed;            /* the verdict is a deferral or a failure */
  struct quotas *quotas;  /* of the batch; NULL: nobody counts */
  struct maildir_file *files;
  size_t file_count, file_space;
  size_t mboxes, forwards, programs; /* that were carried out */
  stralloc said;             /* by programs: the text of a success begins with it */
};

/* delivery_stage(): the message, with its own lines in front, as a file in the
 * tmp/ of this instruction's Maildir.  0, or -1 with the verdict and nothing
 * left of it. */
int delivery_stage(struct delivery *d, const struct instruction *one, const struct plan *plan,
                   const struct mailbox *box, const struct item *item, struct maildir_namer *namer);

/* delivery_sync(): brings what is staged to the disk.  0, or -1 with the verdict. */
int delivery_sync(struct delivery *d);

/* delivery_publish(): all that is staged.  0, or -1: given up. */
int delivery_publish(struct delivery *d);

/* delivery_give_up(): drops what is staged.  What was published before a
 * deferral is taken back, lest each attempt make another copy; before a failure
 * it stays, as the lines before the one that failed have been carried out. */
void delivery_give_up(struct delivery *d);

/* delivery_keep(): of one that is about to be given up: 0 when the verdict is a
 * failure, and what stands before the line that failed is published; -1 when it
 * is a deferral, or became one. */
int delivery_keep(struct delivery *d);

/* delivery_succeed(): the verdict of one that is not given up. */
void delivery_succeed(struct delivery *d);

void delivery_close_files(struct delivery *d);
void delivery_free(struct delivery *d);

#endif
