/* batch.h - deliver several messages to one mailbox and make them durable
 * together
 *
 * batch_add() writes a message's files.  batch_settle() then syncs the files,
 * moves all of them into place, syncs each new/ once, and only then reports
 * each delivery.  Mboxes are locked by the first message, and synced and
 * unlocked with the last.  Where the plan runs programs or forwards, each message is
 * carried out and reported by itself (local/carry.h).
 *
 * The .qmail file is read once per batch.
 */
#ifndef OWL_LOCAL_BATCH_H
#define OWL_LOCAL_BATCH_H

#include "local/delivery.h"
#include "local/store/mboxes.h"

enum { BATCH_FILES_MAX = 64 /* open at one time, unless one message has more instructions */ };

typedef void batch_reporter(void *context, const struct delivery *d);

struct batch {
  const struct mailbox *box;
  struct maildir_namer namer;
  batch_reporter *report;
  void *context;

  struct plan plan;
  struct quotas quotas;
  struct verdict plan_verdict;
  bool plan_loaded, plan_failed;
  struct mboxes mboxes;
  struct delivery *deliveries;
  size_t count, space, files;
};

/* batch_add(): the item is needed only during the call.  Whatever goes wrong is
 * reported; -1 only without memory, when nothing could be noted. */
int batch_add(struct batch *b, uint64_t job, uint64_t index, const struct item *item);
void batch_settle(struct batch *b);
void batch_free(struct batch *b);

#endif
